import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type Clock, isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { digestOf, requireId } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import type { Environment } from '../proc/env.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';

/**
 * What belongs to the user and not to a project. It lies outside every install directory, so that no
 * upgrade can touch it. `private/` is the private store: verbatim prompts and raw streams, 0700.
 */
export type UserHome = ReturnType<typeof userHome>;

export function userHome(env: Environment) {
  const root = env.CC_ORCHESTRATOR_HOME || join(env.HOME || homedir(), '.cc-orchestrator');
  if (!isAbsolute(root)) {
    throw new CcError('BAD_INPUT', `Not an absolute path: ${root}`, {
      hint: 'Set CC_ORCHESTRATOR_HOME (or HOME) to an absolute path; ~ is not expanded here.',
    });
  }
  return {
    root,
    policy: join(root, 'policy.yaml'),
    costGuard: join(root, 'cost-guard.json'),
    /** Held for a moment by whoever changes the caps, or starts a run that must fit under them. */
    guardLease: join(root, 'state', 'cost-guard'),
    /** What is known of models: endings of runs, cooldowns, a catalogue. */
    routing: join(root, 'routing'),
    /** The user's own role texts and task templates. */
    promptPack: join(root, 'prompt-pack'),
    /** Providers the user described by hand. */
    profiles: join(root, 'profiles.yaml'),
    workspaces: join(root, 'workspaces'),
    /** The last line of each project's ledger, one file per project. */
    ledgerHeads: join(root, 'ledger-heads'),
    /** Results, shadow runs, the user's own tasks, and the work under way. */
    benchmarks: join(root, 'benchmarks'),
    /** Endings that a controller has still to be told of. */
    outbox: join(root, 'outbox'),
    /** What tests of profiles have shown, one file per profile and model. */
    capabilities: join(root, 'capabilities'),
    /** Copies of projects that isolated runs work in, one directory each. */
    worktrees: join(root, 'worktrees'),
    sessions: join(root, 'private', 'sessions'),
    runs: join(root, 'private', 'runs'),
    /** Plans and tasks of workflows, word for word. */
    workflows: join(root, 'private', 'workflows'),
    /** What operations on working trees need to be taken back, one directory each. */
    operations: join(root, 'private', 'operations'),
    /** What archived runs had in the private store, one file each. */
    archives: join(root, 'private', 'archives'),
    /** Key of the fingerprints of secrets. */
    fingerprintKey: join(root, 'private', 'fingerprint.key'),
    /** What is about to be removed is moved here first. */
    trash: join(root, 'private', 'trash'),
    /** Complete results that were too long to show. */
    spilled: join(root, 'tmp'),
  };
}

/** Spilled results are for the conversation they were asked in. */
export const KEEP_SPILLED_MS = 7 * 24 * 3_600_000;

/** The private files of one run; `attempt` counts starts of its worker from 1. */
export function privateRunPaths(home: UserHome, runId: string) {
  const dir = join(home.runs, requireId(runId, 'run'));
  return {
    dir,
    prompt: join(dir, 'prompt.txt'),
    /** What the role adds to the system prompt. */
    roleText: join(dir, 'role.md'),
    systemPrompt: join(dir, 'system-prompt.md'),
    objects: join(dir, 'objects'),
    /** Instructions and handovers, word for word, one file each. */
    messages: join(dir, 'messages'),
    tmp: join(dir, 'tmp'),
    log: join(dir, 'supervisor.log'),
    stdin: (attempt: number) => join(dir, `stdin-${attempt}.fifo`),
    stdout: (attempt: number) => join(dir, `stdout-${attempt}.ndjson`),
    stderr: (attempt: number) => join(dir, `stderr-${attempt}.txt`),
  };
}

/** Records that this project has a workspace, so that a run id is found from anywhere. */
export async function rememberWorkspace(home: UserHome, root: string, clock: Clock): Promise<void> {
  const file = join(home.workspaces, `${digestOf(root)}.json`);
  if ((await readJson(file).catch(() => undefined)) !== undefined) return;
  await makePrivateDir(home.workspaces);
  await writeJsonAtomic(file, {
    schema_version: SCHEMA_VERSION,
    root,
    first_seen: isoTime(clock.now()),
  });
}

/** Of a directory of our own that is gone for good. */
export async function forgetWorkspace(home: UserHome, root: string): Promise<void> {
  await rm(join(home.workspaces, `${digestOf(root)}.json`), { force: true });
}

/** Every project directory that ever had a workspace of this user. */
export async function knownWorkspaces(home: UserHome): Promise<string[]> {
  const names = (await ifThere(readdir(home.workspaces))) ?? [];
  const roots: string[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.json')).sort()) {
    const value = await readJson(join(home.workspaces, name)).catch(() => undefined);
    if (typeof value === 'object' && value !== null && 'root' in value) {
      if (typeof value.root === 'string') roots.push(value.root);
    }
  }
  return roots;
}
