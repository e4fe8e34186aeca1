import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as z from 'zod';
import { CcError } from '../core/errors.ts';
import { FAILURE_CLASSES, isFinal, ROLES, RUN_STATES } from '../core/vocabulary.ts';
import { readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { RunPaths } from '../workspace/layout.ts';
import { watchdogFields } from '../workspace/watchdog-policy.ts';
import { runBudget, spent, usage } from './spending-fields.ts';

/** A run whose task went on elsewhere, and why. */
export const movedFrom = z.object({
  run_id: z.string(),
  profile: z.string(),
  model: z.string(),
  class: z.enum(FAILURE_CLASSES),
  /** Until when its provider is left alone: the reset time where it told one. */
  until: z.string().optional(),
});
export type MovedFrom = z.infer<typeof movedFrom>;

/** Where a run stands in the life of its task. The first run of a task has none. */
const lineage = z.object({
  root: z.string(),
  parent: z.string(),
  /** 1 for the first continuation. */
  index: z.number(),
  /** `resume`: in the parent's own session. `recap`: a fresh session that was told what happened. */
  kind: z.enum(['resume', 'recap']),
  spent,
  /** The model or profile is another one than the parent's, and why. */
  drift: z.object({ from: z.string(), to: z.string() }).optional(),
  /** It was moved here by itself: the runs that failed before it, oldest first. */
  moved: z.array(movedFrom).optional(),
});
export type Lineage = z.infer<typeof lineage>;

/** What a controller took away from a scope: both must allow a change. */
const narrowing = z.object({
  paths: z.array(z.string()).optional(),
  commands: z.array(z.string()).optional(),
});
export type Narrowing = z.infer<typeof narrowing>;

/** `read_only`: the controller took all changes away for now. */
const runMode = z.enum(['read_only', 'normal']);
export type RunMode = z.infer<typeof runMode>;

export const runOutcome = z.object({
  state: z.enum(RUN_STATES),
  failure: z.object({
    class: z.enum(FAILURE_CLASSES),
    /** Where the evidence comes from: `stream`, `process`, `supervisor` or `stderr`. */
    source: z.string(),
    evidence: z.array(z.string()),
    retryable: z.boolean(),
    hint: z.string().optional(),
  }),
  exit_code: z.number().nullable(),
  signal: z.string().nullable(),
  /** Tool calls that were refused, by us or by the worker's CLI. */
  denials: z.number(),
  /** The model that answered is not the declared one. */
  route_mismatch: z.object({ declared: z.string(), actual: z.array(z.string()) }).optional(),
  /** Processes of the run that survived everything; empty unless something is very wrong. */
  left_processes: z.array(z.number()),
  usage,
  model_calls: z.number().optional(),
  /** The worker's last session, in which the task can be continued. */
  session_id: z.string().optional(),
  changed_files: z.number().nullable(),
  /** Changed files that the scope does not allow, at most 20; ignored ones and git's own included. */
  outside_scope: z.array(z.string()).optional(),
  /** Files that changed while it ran and that no tool call of its explains, at most 20. */
  unattributed: z.array(z.string()).optional(),
});
export type RunOutcome = z.infer<typeof runOutcome>;

/** Globs relative to the worker's directory and shell commands; in both, `!x` takes away. */
export const runScope = z.object({
  paths: z.array(z.string()),
  commands: z.array(z.string()),
  /** Files its file tools may touch, and lines they may add and remove. */
  max_files: z.number().optional(),
  max_lines: z.number().optional(),
});

/** What really holds a worker, and what that does not see. Told before it starts. */
export const posture = z.object({
  sandbox: z.enum(['bubblewrap', 'seatbelt', 'none']),
  why_none: z.string().optional(),
  /** Shell commands it can run. */
  shell: z.enum(['none', 'listed', 'any']),
  blind: z.array(z.string()),
});
export type Posture = z.infer<typeof posture>;

/** As git/whole takes it; of earlier versions only the first three. */
export const snapshot = z.object({
  tree: z.string(),
  object_dir: z.string(),
  root: z.string(),
  kind: z.enum(['git', 'plain', 'listed', 'lean']).optional(),
  rest: z.string().optional(),
  index: z.string().optional(),
  repository: z
    .object({
      git_dir: z.string(),
      common_dir: z.string(),
      object_format: z.enum(['sha1', 'sha256']),
    })
    .optional(),
  head: z.string().nullable().optional(),
  /** ms since 1970. */
  taken: z.number().optional(),
});
export type SnapshotRecord = z.infer<typeof snapshot>;

/** A copy of the project that a run works in instead of the project itself. */
export const worktree = z.object({
  id: z.string(),
  /** Where the project's own directory is in it. */
  root: z.string(),
  /** Free ports of its own, by the variable that names them to worker and tests. */
  ports: z.record(z.string(), z.number()).optional(),
  /** Parts of the project that are not in it: submodules, repositories inside. */
  left_out: z.array(z.string()).optional(),
});
export type Worktree = z.infer<typeof worktree>;

/** A run that may have others launched: by whom, and which roles. */
export const delegation = z.object({
  /** Inbox of whoever decides, and what they know this run by. */
  inbox: z.string(),
  key: z.string(),
  helpers: z.array(z.object({ name: z.string(), text: z.string() })),
});
export type RunDelegation = z.infer<typeof delegation>;

/** `metadata.json`: what a run is, and how it ended. Everything in it may be shown. */
export const runRecord = z.object({
  schema_version: z.number(),
  run_id: z.string(),
  created: z.string(),
  workspace: z.string(),
  cwd: z.string(),
  worktree: worktree.optional(),
  /** The user home that started it and holds its private files. */
  home: z.string().optional(),
  title: z.string(),
  task_sha256: z.string(),
  task_bytes: z.number(),
  role: z.enum(ROLES),
  /** Which text of the role the worker was given. */
  role_text: z
    .object({
      source: z.enum(['pack', 'user', 'none']),
      digest: z.string().optional(),
      reason: z.string().optional(),
    })
    .optional(),
  /** The template its task was made from. */
  template: z.string().optional(),
  scope: runScope.nullable(),
  /** What holds the worker; absent in runs of earlier versions. */
  posture: posture.optional(),
  /** Globs of the policy, relative to the project, that no worker may change. */
  protected_paths: z.array(z.string()).optional(),
  /** The only tools it may have, where the policy of its role says so. */
  tools: z.array(z.string()).optional(),
  /** Directories outside of the project that the policy lets a sandboxed worker write. */
  writable_paths: z.array(z.string()).optional(),
  /** What is made for the sandbox, and removed at the end where it is still empty; `/` closes a directory. */
  made_paths: z.array(z.string()).optional(),
  profile: z.object({
    id: z.string(),
    name: z.string(),
    source: z.string(),
    /** Shared by all profiles of the same host and credentials. */
    account: z.string().optional(),
    /** How it signs in, which the worker must confirm before it gets its task. */
    auth: z.string().optional(),
  }),
  model: z.string().nullable(),
  pick_reason: z.string(),
  budget: runBudget,
  lineage: lineage.optional(),
  /** As the controller left it; a continuation begins with both. */
  narrowed: z.array(narrowing).optional(),
  mode: runMode.optional(),
  /** Tokens the model can keep in mind, and where that number comes from. */
  context_window: z
    .object({
      tokens: z.number(),
      /** `profile`, `claude` (listed model: the CLI knows better), `catalog` or `assumed`. */
      source: z.string(),
      /** Shares of it at which the worker is warned, and hands over to a fresh session. */
      warn: z.number(),
      rotate: z.number(),
    })
    .optional(),
  /** The worker may put questions to the controller, and waits this long for the answer. */
  ask: z.object({ timeout_seconds: z.number() }).optional(),
  delegation: delegation.optional(),
  /** Only the result and stderr are kept of what the worker said. */
  final_only: z.boolean().optional(),
  /** Thresholds of its watchdog; absent in runs of earlier versions. */
  watchdog: z.object(watchdogFields).optional(),
  /** JSON Schema of the answer; what satisfied it is in output.json. */
  output_schema: z.record(z.string(), z.unknown()).optional(),
  /** Whether its task is moved when its provider fails, and why not; absent in earlier versions. */
  fallback: z.enum(['on', 'named', 'declined', 'policy_off']).optional(),
  /** It tries a model out, in a benchmark or with the task of another run; nobody waits for its end. */
  trial: z.object({ kind: z.enum(['benchmark', 'shadow']), of: z.string() }).optional(),
  /** It is a node of a workflow, which waits for it and tells of it. */
  workflow: z.object({ workflow_id: z.string(), key: z.string() }).optional(),
  /** It ran in another orchestrator and was brought here afterwards: where its files are, and when. */
  imported: z.object({ from: z.string(), id: z.string(), time: z.string() }).optional(),
  guidance_files: z.array(z.string()),
  client: z.string().optional(),
  thread_id: z.string().optional(),
  idempotency_key: z.string().optional(),
  worker: z.object({
    kind: z.literal('claude'),
    path: z.string(),
    version: z.string(),
    session_id: z.string(),
    /** It is an earlier session that goes on. */
    resume: z.boolean().optional(),
    config_dir: z.string().nullable(),
    tmp_dir: z.string(),
    /** Names of the variables it got; `secret_env` are those whose values must never be shown. */
    env: z.array(z.string()),
    secret_env: z.array(z.string()),
  }),
  price: z.record(z.string(), z.unknown()).nullable(),
  /** The worker CLI's USD figure may be used: the official login with a listed Claude model. */
  cli_price: z.boolean(),
  base: z.object({ head: z.string().nullable(), snapshot: snapshot.nullable() }).nullable(),
  state: z.enum(RUN_STATES),
  started: z.string().optional(),
  ended: z.string().optional(),
  elapsed_ms: z.number().optional(),
  outcome: runOutcome.optional(),
  /** Where its end stands in the ledger, or why it is not there (yet). */
  ledger: z
    .union([z.object({ seq: z.number(), hash: z.string() }), z.object({ missing: z.string() })])
    .optional(),
});
export type RunRecord = z.infer<typeof runRecord>;

/**
 * The record of a run. Where the file is damaged or gone, a run that still goes on is known by the
 * second copy of it, so that it can be watched, stopped and carried on as before.
 */
export async function readRecord(paths: RunPaths, runId: string): Promise<RunRecord> {
  const value = await readJson(paths.metadata).catch((error: unknown) => error);
  const parsed = runRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const newer = z.object({ schema_version: z.number() }).safeParse(value).data?.schema_version ?? 0;
  if (newer > SCHEMA_VERSION) {
    throw new CcError('FORMAT_TOO_NEW', `Run ${runId} was written in format ${newer}.`, {
      hint: 'Use the cc-orchestrator version that wrote it.',
    });
  }
  const spare = runRecord.safeParse(await readJson(paths.spareMetadata).catch(() => undefined));
  if (spare.success && spare.data.run_id === runId) return spare.data;
  if (value instanceof Error) throw value;
  if (value === undefined) {
    throw new CcError('RUN_NOT_FOUND', `No run ${runId}.`, {
      hint: 'List the runs of this project with cc_run_status (include_finished: true).',
    });
  }
  throw new CcError('STORAGE_CORRUPT', `${paths.metadata} is not a run record.`, {
    hint: 'Something else changed the file; its events are intact. cc_recover_runs ends what is left of it.',
    details: { problem: z.prettifyError(parsed.error).slice(0, 400) },
  });
}

/** Whether there is a run: its record, or what is left of it. */
export function hasRecord(paths: RunPaths): boolean {
  return existsSync(paths.metadata) || existsSync(paths.spareMetadata);
}

/** Stores the record durably; while the run goes on, a second copy is written first. */
export async function writeRecord(paths: RunPaths, record: RunRecord): Promise<void> {
  const isOver = isFinal(record.state);
  if (!isOver) await writeJsonAtomic(paths.spareMetadata, record);
  await writeJsonAtomic(paths.metadata, record, { durable: true });
  if (isOver) await rm(paths.spareMetadata, { force: true });
}

/** The directory that stands for the project: its own, or the copy a run works in. */
export function treeRoot({
  worktree,
  workspace,
}: Pick<RunRecord, 'worktree' | 'workspace'>): string {
  return worktree?.root ?? workspace;
}
