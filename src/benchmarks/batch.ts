import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { isId, newId, randomBase32, requireId } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import { isFinal } from '../core/vocabulary.ts';
import type { BenchmarkTask } from '../routing/benchmark-task.ts';
import { type BenchmarkLine, benchmarkLine } from '../routing/benchmarks.ts';
import { runOfKey } from '../runs/keys.ts';
import type { RunRecord } from '../runs/record.ts';
import { clean } from '../runs/retention/clean.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { forgetWorkspace, type UserHome } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { workspaceAt } from '../workspace/layout.ts';
import { type Place, resolvePlace } from '../workspace/resolve.ts';
import { layOutRepository } from './scratch-project.ts';

const trial = z.object({
  task: z.string(),
  version: z.string(),
  profile: z.string(),
  model: z.string(),
  budget: z.object({
    wall_seconds: z.number(),
    max_turns: z.number(),
    max_tokens: z.number(),
    max_usd: z.number().optional(),
  }),
});
export type Trial = z.infer<typeof trial>;

const batchFile = z.object({
  schema_version: z.number(),
  benchmark: z.string(),
  created: z.string(),
  trials: z.array(trial),
});
/** Runs that were asked for together. Who drives it may vanish at any time: its state is its files. */
export type Batch = z.infer<typeof batchFile> & { dir: string };

/** Where a trial stands, as its directory tells. */
export type TrialState =
  | { state: 'waiting' }
  | { state: 'running' | 'ended'; record: RunRecord; place: Place }
  | { state: 'settled'; line: BenchmarkLine };

/** What remains of finished batches to look at: projects, events, transcripts. Results stay for ever. */
const KEEP_MS = 7 * 24 * 3_600_000;

export async function createBatch(host: Host, trials: readonly Trial[]): Promise<Batch> {
  const now = host.clock.now();
  const benchmark = newId('bench', now);
  const dir = join(workDir(host.home), benchmark);
  await makePrivateDir(dir);
  const file = {
    schema_version: SCHEMA_VERSION,
    benchmark,
    created: isoTime(now),
    trials: [...trials],
  };
  await writeJsonAtomic(join(dir, 'batch.json'), file, { durable: true });
  return { ...file, dir };
}

export async function findBatch(home: UserHome, id: string): Promise<Batch> {
  const dir = join(workDir(home), requireId(id, 'bench'));
  const parsed = batchFile.safeParse(await readJson(join(dir, 'batch.json')));
  if (parsed.success) return { ...parsed.data, dir };
  const open = (await batchIds(home)).slice(-3).join(', ');
  throw new CcError('NOT_FOUND', `There is no benchmark ${id}.`, {
    hint: `Kept for a week: ${open || 'none'}. Leave benchmark out to begin a new one.`,
  });
}

export async function batchIds(home: UserHome): Promise<string[]> {
  const names = (await ifThere(readdir(workDir(home)))) ?? [];
  return names.filter((name) => isId(name, 'bench')).sort();
}

export async function stateOf(host: Host, batch: Batch, index: number): Promise<TrialState> {
  const settled = benchmarkLine.safeParse(await readJson(resultFile(batch, index)));
  if (settled.success) return { state: 'settled', line: settled.data };
  if (!existsSync(projectDir(batch, index))) return { state: 'waiting' };
  const place = placeOf(host, batch, index);
  const record = await runOfKey(place.workspace, keyOf(batch, index));
  if (record === undefined) return { state: 'waiting' };
  return { state: isFinal(record.state) ? 'ended' : 'running', record, place };
}

/** The project a trial works in; two who make it at once get the same one. */
export async function prepareProject(
  host: Host,
  batch: Batch,
  index: number,
  task: BenchmarkTask,
): Promise<Place> {
  const project = projectDir(batch, index);
  if (!existsSync(project)) {
    const draft = `${project}.${randomBase32(8)}`;
    try {
      await layOutRepository(task, draft, host.env);
      await rename(draft, project);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (!existsSync(project)) throw error;
    }
  }
  return placeOf(host, batch, index);
}

export async function settle(batch: Batch, index: number, line: BenchmarkLine): Promise<void> {
  await makePrivateDir(join(batch.dir, String(index)));
  await writeJsonAtomic(resultFile(batch, index), { schema_version: SCHEMA_VERSION, ...line });
}

export function keyOf(batch: Batch, index: number): string {
  return `${batch.benchmark}-${index}`;
}

/** Removes what is left of batches that ended long ago, their runs and private files included. */
export async function tidyBatches(host: Host): Promise<void> {
  const until = host.clock.now().getTime() - KEEP_MS;
  for (const id of await batchIds(host.home)) {
    const batch = await findBatch(host.home, id).catch(() => undefined);
    if (batch === undefined || Date.parse(batch.created) > until) continue;
    await removeBatch(host, batch);
  }
}

/** Leaves it where one of its runs goes on. */
export async function removeBatch(host: Host, batch: Batch): Promise<void> {
  const indices = [...batch.trials.keys()].filter((index) => existsSync(projectDir(batch, index)));
  const states = await Promise.all(indices.map((index) => stateOf(host, batch, index)));
  if (states.some(({ state }) => state === 'running')) return;
  for (const index of indices) {
    const root = placeOf(host, batch, index).workspace.root;
    await clean(host, workspaceAt(root), EVERYTHING, () => false);
    await forgetWorkspace(host.home, root);
  }
  await rm(batch.dir, { recursive: true, force: true, maxRetries: 5 });
}

const EVERYTHING = { days: 0, max_runs: 0, max_bytes: 0, keep_newest: 0 };

function placeOf(host: Host, batch: Batch, index: number): Place {
  return resolvePlace({ cwd: projectDir(batch, index), env: host.env, processCwd: batch.dir });
}

function projectDir(batch: Batch, index: number): string {
  return join(batch.dir, String(index), 'project');
}

function resultFile(batch: Batch, index: number): string {
  return join(batch.dir, String(index), 'result.json');
}

function workDir(home: UserHome): string {
  return join(home.benchmarks, 'work');
}
