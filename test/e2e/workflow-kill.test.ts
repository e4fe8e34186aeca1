import { readFileSync, rmSync, statSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { runIds } from '../../src/runs/run-ids.ts';
import { topLease } from '../../src/store/lease.ts';
import type { Instance } from '../../src/workflows/core/instance.ts';
import { ensureWorkflowSupervised } from '../../src/workflows/instances/ensure.ts';
import type { WorkflowPaths } from '../../src/workflows/instances/paths.ts';
import { recoverWorkflows } from '../../src/workflows/instances/recover.ts';
import { isOver } from '../../src/workflows/vocabulary.ts';
import { strike, workerOf } from '../chaos/processes.ts';
import { Random } from '../support/random.ts';
import { EFFECTS, forty, PERSONAS } from '../support/workflows/forty.ts';
import { inShop } from '../support/workflows/in-shop.ts';

/** A longer series: CC_WORKFLOW_KILLS=300 CC_WORKFLOW_SEED=7. */
const KILLS = Number(process.env.CC_WORKFLOW_KILLS ?? 30);
const SEED = Number(process.env.CC_WORKFLOW_SEED ?? 6);
const WORKERS = 2;
const PATIENCE_MS = 240_000;

vi.setConfig({ testTimeout: PATIENCE_MS + 20_000 * KILLS });

const shop = inShop();
const { signal } = new AbortController();

/** All of its end that does not depend on when what happened. */
function endOf(instance: Instance): object {
  const { state, round, nodes, open, live, ready, children } = instance;
  const ends = nodes.map(({ id, state, reason, round, gate_retries, tasks, attempts }) => ({
    id,
    state,
    code: reason?.code,
    round,
    gate_retries,
    attempts: attempts.length,
    tasks: tasks.map(({ state, result }) => ({
      state,
      handoff: result?.handoff,
      exit_code: result?.exit_code,
      passed: result?.passed,
    })),
  }));
  return { state, round, open, live, ready, children, ends };
}

/** Everything that was started: once per key, and nothing beside it. */
async function checkStarts(id: string): Promise<void> {
  const { lab, flows } = shop;
  const events = await flows.events(id);
  const runsOfKey = new Map<string, Set<string>>();
  const ends = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'run_started' || event.type === 'run_ended') {
      runsOfKey.set(event.key, (runsOfKey.get(event.key) ?? new Set()).add(event.run_id));
    }
    if (event.type === 'run_ended' || event.type === 'command_ended') {
      ends.set(event.key, (ends.get(event.key) ?? 0) + 1);
    }
  }
  expect([...runsOfKey].filter(([, runs]) => runs.size !== 1)).toEqual([]);
  // A launcher that was killed may leave a directory without a record, which is no run.
  const found = await Promise.all(
    (await runIds(lab.place().workspace)).map((run) => lab.find(run).catch(() => undefined)),
  );
  const ofThis = found.flatMap((run) =>
    run?.record.idempotency_key?.startsWith(`${id}/`) ? [run.record.run_id] : [],
  );
  expect(ofThis.sort()).toEqual([...runsOfKey.values()].flatMap((runs) => [...runs]).sort());
  const commands = [...ends.keys()].filter((key) => /\/c\d/.test(key));
  const expected = commands.map((key) => key.split('/')[1]).sort();
  const effects = readFileSync(lab.path(EFFECTS), 'utf8').trim().split('\n').sort();
  expect(effects).toEqual(expected);
}

/** Kills or freezes the owner at a random moment, or just after something was written down. */
async function hitOwner({ lease, journal }: WorkflowPaths, random: Random): Promise<boolean> {
  if (random.chance(0.5)) await sleep(random.between(0, 400));
  else await grown(journal, random.between(0, 15));
  const top = topLease(lease);
  if (top === undefined || top.released) return false;
  // Whoever comes after one that is frozen ends it first.
  return strike(top.holder, random.chance(0.2) ? 'SIGSTOP' : 'SIGKILL');
}

async function grown(journal: string, thenMs: number): Promise<void> {
  const size = () => statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  const before = size();
  for (let looks = 0; looks < 500 && size() === before; looks += 1) await sleep(2);
  await sleep(thenMs);
}

async function killWorker({ nodes }: Instance): Promise<boolean> {
  const runs = nodes.flatMap(({ attempts }) => attempts.flatMap(({ run_id }) => run_id ?? []));
  return runs.some((run) => run.startsWith('run_') && strike(workerOf(run), 'SIGKILL'));
}

test(`${KILLS} supervisors and ${WORKERS} workers killed: every node ends once, as without`, async () => {
  const { lab, flows } = shop;
  const unharmed = await flows.text(forty(), PERSONAS);
  const { instance } = await flows.atRest(unharmed, PATIENCE_MS);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded', round: 2 });
  await checkStarts(unharmed);
  const wanted = Object.keys(PERSONAS).map((node) => [node, node === 'w2b' ? 2 : 1]);
  expect(flows.conversations('forty')).toEqual(Object.fromEntries(wanted));

  const random = new Random(SEED);
  const told: string[] = [];
  let [kills, workers] = [0, 0];
  while (kills < KILLS) {
    rmSync(lab.path(EFFECTS));
    const id = await flows.text(forty());
    const { paths } = await flows.find(id);
    const before = kills;
    const deadline = performance.now() + PATIENCE_MS;
    for (let now = await flows.now(id); !isOver(now.instance.state); now = await flows.now(id)) {
      if (performance.now() > deadline) throw new Error(`${id} hangs: ${now.instance.reason}`);
      // Whoever looks gives it another supervisor: a reader, or a recovery of everything.
      if (random.chance(0.3)) await recoverWorkflows(lab.host(), { signal });
      else await ensureWorkflowSupervised(lab.host(), now);
      if (workers < WORKERS && kills > 2 && (await killWorker(now.instance))) workers += 1;
      if (kills < KILLS && (await hitOwner(paths, random))) kills += 1;
      else await sleep(20);
    }
    const { instance: harmed } = await flows.atRest(id);
    told.push(`${id}: ${kills - before} kills, ${harmed.reason}`);
    expect(endOf(harmed), told.join('\n')).toEqual(endOf(instance));
    await checkStarts(id);
  }
  expect(workers).toBe(WORKERS);
  console.log(told.join('\n'));
});
