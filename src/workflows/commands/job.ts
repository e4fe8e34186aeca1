import { join } from 'node:path';
import * as z from 'zod';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';

/** One command of a workflow, as whoever carries it out finds it. It never changes. */
const commandJob = z.object({
  schema_version: z.number(),
  /** Idempotency key of the attempt: what carries the same key is run once at most. */
  key: z.string(),
  /** A list is run as it is, a text by the shell. */
  command: z.union([z.array(z.string()), z.string()]),
  /** Project directory of the workspace. */
  workspace: z.string(),
  /** Where it runs; with `worktree` the same place in a copy that is thrown away. */
  cwd: z.string(),
  isolation: z.enum(['shared', 'worktree']),
  timeout_seconds: z.number().nullable(),
  /** Variables beside those that every command gets. */
  env: z.record(z.string(), z.string()),
  /** Directory for `stdout.txt` and `stderr.txt`, redacted. */
  output: z.string(),
});
export type CommandJob = Omit<z.infer<typeof commandJob>, 'schema_version'>;

/** How it ended; written once. */
const commandExit = z.object({
  key: z.string(),
  /** `null`: it did not end by itself, or could not be started. */
  exit_code: z.number().nullable(),
  elapsed_ms: z.number(),
  /** Its last words, redacted; before them what else has to be said of its end. */
  output_tail: z.string(),
  tests: z.object({ passed: z.number(), failed: z.number(), skipped: z.number() }).optional(),
});
export type CommandExit = z.infer<typeof commandExit>;

/** The private files of one command. */
export type CommandPaths = ReturnType<typeof commandPaths>;

export function commandPaths(dir: string) {
  return {
    dir,
    job: join(dir, 'job.json'),
    /** Held by whoever carries it out. */
    lease: join(dir, 'runner'),
    log: join(dir, 'runner.log'),
    /** It was begun: from here on nobody begins it again. */
    begun: join(dir, 'begun'),
    /** It is to end. */
    stop: join(dir, 'stop'),
    exit: join(dir, 'exit.json'),
  };
}

export async function readJob({ job }: CommandPaths): Promise<CommandJob> {
  return commandJob.parse(await readJson(job));
}

export async function writeJob({ job }: CommandPaths, facts: CommandJob): Promise<void> {
  await writeJsonAtomic(job, { schema_version: SCHEMA_VERSION, ...facts }, { durable: true });
}

export async function readExit({ exit }: CommandPaths): Promise<CommandExit | undefined> {
  const value = await readJson(exit);
  return value === undefined ? undefined : commandExit.parse(value);
}

export async function writeExit({ exit }: CommandPaths, facts: CommandExit): Promise<void> {
  await writeJsonAtomic(exit, { schema_version: SCHEMA_VERSION, ...facts }, { durable: true });
}
