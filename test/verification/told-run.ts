import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { systemClock } from '../../src/core/clock.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { ROLES, RUN_STATES } from '../../src/core/vocabulary.ts';
import { recordChanges } from '../../src/runs/changes/record-changes.ts';
import { takeBase } from '../../src/runs/changes/snapshots.ts';
import { claimInput } from '../../src/runs/claims-schema.ts';
import { type FoundRun, findRun } from '../../src/runs/find.ts';
import { type RunRecord, writeRecord } from '../../src/runs/record.ts';
import { summarise } from '../../src/runs/summarise.ts';
import { writeFileAtomic, writeJsonAtomic } from '../../src/store/atomic.ts';
import { toolFacts } from '../../src/workers/claude/tool-facts.ts';
import { describeToolUse } from '../../src/workers/claude/tool-text.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { endedRecord } from '../support/history.ts';
import { journaledRun } from '../support/journaled-run.ts';

const text = z.union([z.string(), z.array(z.string())]);
const files = z.record(z.string(), text.nullable());

/** What a worker did, one tool call after the other. An edit makes its change; `by` hides who made it. */
const step = z.strictObject({
  /** Files it writes (null: deletes) with its file tools, or otherwise where the case says so. */
  edit: files.optional(),
  by: z.enum(['tool', 'shell', 'nobody']).optional(),
  /** A shell command it ran. It is only told of, not run. */
  ran: z.string().optional(),
  exit: z.number().optional(),
  output: text.optional(),
  /** The call was refused. */
  refused: z.boolean().optional(),
  /** A file tool that was used without a change that stays. */
  touched: z.string().optional(),
});

/** One worker, honest or not, as a data file: everything a verification gets to see. */
export const workerCase = z.strictObject({
  about: z.string(),
  honest: z.boolean(),
  role: z.enum(ROLES).default('implementation'),
  /** null: read-only. */
  scope: z
    .strictObject({ paths: z.array(z.string()), commands: z.array(z.string()) })
    .nullable()
    .default({ paths: ['**'], commands: ['npm test', 'node --test'] }),
  base: files.default({}),
  /** Paths that are executable from the start. */
  executable: z.array(z.string()).default([]),
  git: z.boolean().default(true),
  steps: z.array(step).default([]),
  answer: text,
  claims: z.array(claimInput).optional(),
  /** How it ended. */
  state: z.enum(RUN_STATES).default('succeeded'),
  failure: z.string().default('success'),
  denials: z.number().optional(),
  route_mismatch: z.strictObject({ declared: z.string(), actual: z.array(z.string()) }).optional(),
  /** `none`: nobody scanned. */
  secrets: z.union([z.literal('none'), z.array(z.record(z.string(), z.unknown()))]).default([]),
  /** What somebody changed after the run had ended. */
  later: files.default({}),
  /** What the caller passes. */
  tests: z.array(z.string()).optional(),
  checks: z.array(z.string()).default([]),
  min_coverage: z.number().optional(),
  timeout_seconds: z.number().default(60),
  expect: z.strictObject({
    verdict: z.array(z.enum(['accept', 'investigate', 'reject'])).min(1),
    /** Reasons that have to be among those given. */
    codes: z.array(z.string()).default([]),
    /** Reasons that must not. */
    not: z.array(z.string()).default([]),
  }),
});
export type WorkerCase = z.output<typeof workerCase>;

export type Told = { host: Host; run: FoundRun; project: string };

/** Lets the worker of a case do its work in a scratch repository, and leaves the run as a real one would. */
export async function tellRun(dir: string, worker: WorkerCase): Promise<Told> {
  const [project, home, tmp] = ['project', 'home', 'tmp'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [project, home, tmp]) mkdirSync(path, { recursive: true });
  const env = { HOME: home, TMPDIR: tmp, PATH: process.env.PATH ?? '/usr/bin:/bin' };
  const host: Host = {
    env,
    clock: systemClock,
    home: userHome(env),
    supervisor: { file: process.execPath, args: ['-e', ''] },
    readOnly: false,
  };
  change(project, { '.gitignore': 'node_modules/\n.agent-workspace/\n', ...worker.base });
  for (const path of worker.executable) chmodSync(join(project, path), 0o755);
  if (worker.git) commitAll(project, env);

  const { run, paths, journal, line } = journaledRun(project);
  await initWorkspace(run.workspace, host.home, host.clock);
  const started = recordOf(worker, run);
  const base = await takeBase(host, started);
  const record = { ...started, base };
  for (const [index, one] of worker.steps.entries()) play(project, one, `t${index}`, line);
  const answer = joined(worker.answer) + claimsBlock(worker.claims);
  line({ type: 'cc.message', text: answer.slice(0, 4000), chars: answer.length });
  line({
    type: 'cc.turn.ended',
    is_error: false,
    reason: 'completed',
    text: answer.slice(0, 4000),
  });
  journal.record('cc.run.ended', { outcome: record.outcome });
  await writeJsonAtomic(paths.summary, {
    schema_version: 1,
    updated: new Date().toISOString(),
    elapsed_ms: 1000,
    ...summarise(journal.progress),
  });
  journal.close();
  await writeFileAtomic(paths.stdout, answer);
  const { count, outside } = await recordChanges(host, { record, paths }, createRedactor());
  if (worker.secrets !== 'none') {
    await writeJsonAtomic(paths.secretFindings, {
      schema_version: 1,
      findings: worker.secrets,
      omitted: 0,
      scanned: { events: 1, files: 1, bytes: 1, changes: 'scanned', not_scanned: [] },
    });
  }
  const { outcome } = record;
  if (outcome === undefined) throw new Error('no outcome');
  await writeRecord(paths, {
    ...record,
    outcome: { ...outcome, changed_files: count, outside_scope: outside },
  });
  change(project, worker.later);
  return { host, run: await findRun(host, run.record.run_id, run.workspace), project };
}

function recordOf(worker: WorkerCase, { workspace, record }: FoundRun): RunRecord {
  const ended = endedRecord(workspace, new Date(), {
    run_id: record.run_id,
    role: worker.role,
    scope: worker.scope,
    state: worker.state,
  });
  const { outcome } = ended;
  if (outcome === undefined) throw new Error('no outcome');
  return {
    ...ended,
    outcome: {
      ...outcome,
      state: worker.state,
      failure: { ...outcome.failure, class: worker.failure as typeof outcome.failure.class },
      denials: worker.denials ?? worker.steps.filter(({ refused }) => refused === true).length,
      ...(worker.route_mismatch === undefined ? {} : { route_mismatch: worker.route_mismatch }),
    },
  };
}

function play(
  project: string,
  one: z.output<typeof step>,
  id: string,
  line: (event: object) => void,
): void {
  const call = (tool: string, input: Record<string, unknown>, end: object, work = () => {}) => {
    const told = { tool, id, ...describeToolUse(input), ...toolFacts(tool, input) };
    line({ type: 'cc.tool.used', ...told });
    work();
    line({ type: 'cc.tool.finished', id, output: '', output_chars: 0, ...end });
  };
  const refusal = one.refused === true ? { ok: false, denied: true, denied_by: 'hook' } : undefined;
  const by = one.by ?? 'tool';
  const edit = refusal === undefined ? (one.edit ?? {}) : {};
  if (by === 'nobody') change(project, edit);
  if (by === 'tool') {
    for (const path of Object.keys(one.edit ?? {})) {
      const input = { file_path: join(project, path), content: 'x' };
      call('Write', input, refusal ?? { ok: true }, () => change(project, pick(edit, path)));
    }
  }
  if (one.touched !== undefined) {
    call('Edit', { file_path: join(project, one.touched) }, refusal ?? { ok: true });
  }
  if (one.ran === undefined && by !== 'shell') return;
  const output = joined(one.output ?? '').slice(0, 1500);
  const end = { ok: (one.exit ?? 0) === 0, output, output_chars: output.length };
  call('Bash', { command: one.ran ?? 'make generate' }, refusal ?? end, () => {
    if (by === 'shell') change(project, edit);
  });
}

type Edits = Readonly<Record<string, string | string[] | null>>;

function pick(edits: Edits, path: string): Edits {
  return path in edits ? { [path]: edits[path] ?? null } : {};
}

function change(project: string, edits: Edits): void {
  for (const [name, content] of Object.entries(edits)) {
    const path = join(project, name);
    if (content === null) {
      rmSync(path, { recursive: true, force: true });
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, joined(content));
  }
}

function joined(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : `${value.join('\n')}\n`;
}

function claimsBlock(claims: WorkerCase['claims']): string {
  if (claims === undefined) return '';
  return `\n\n\`\`\`claims\n${JSON.stringify({ claims })}\n\`\`\`\n`;
}

function commitAll(project: string, env: Record<string, string>): void {
  const who = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.invalid',
    '-c',
    'commit.gpgsign=false',
  ];
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    [...who, 'commit', '-qm', 'base', '--allow-empty'],
  ]) {
    execFileSync('git', args, { cwd: project, env });
  }
}
