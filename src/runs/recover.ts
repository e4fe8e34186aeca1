import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { isFinal } from '../core/vocabulary.ts';
import { allowedEnvironment } from '../proc/env.ts';
import { type ProcessIdentity, stateOf } from '../proc/identity.ts';
import { killProcess } from '../proc/terminate.ts';
import { findByCookie } from '../proc/tree.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { resolveCredentials } from '../profiles/resolve-credentials.ts';
import { readJson } from '../store/atomic.ts';
import { topLease } from '../store/lease.ts';
import type { Host } from '../workspace/host.ts';
import { sharedPaths, workspaceAt } from '../workspace/layout.ts';
import { readPolicy } from '../workspace/policy.ts';
import type { FoundRun } from './find.ts';
import type { RunRecord } from './record.ts';
import { isOwned, startOnce } from './start-once.ts';
import { SUPERVISOR_COOKIE, startSupervisor } from './start-supervisor.ts';

/** A supervisor that was just started needs a moment before it owns its run. */
const START_GRACE_MS = 10_000;
/** Between the record of a run and the start of its supervisor by the launcher. */
const SPAWN_GRACE_MS = 2000;

export type Supervision =
  | 'supervised'
  | 'ended'
  /** It has just been launched and its supervisor is coming up. */
  | 'starting'
  /** The supervisor is gone or frozen. */
  | 'unsupervised';

/** Whether somebody follows this run, judged by process identity only. */
export async function supervisionOf({ record, paths }: FoundRun, now: Date): Promise<Supervision> {
  if (isFinal(record.state)) return 'ended';
  const top = topLease(paths.lease);
  if (top === undefined) return (await isBeingLaunched(record, now)) ? 'starting' : 'unsupervised';
  if (top.released) return 'unsupervised';
  return stateOf(top.holder) === 'running' ? 'supervised' : 'unsupervised';
}

/**
 * Gives an unsupervised run a new supervisor, which adopts the living worker or ends the run
 * honestly. Idempotent, cheap when all is well, and safe from several places at once: whoever
 * becomes owner first wins. False when it was needed but this host may not.
 */
export async function ensureSupervised(host: Host, run: FoundRun): Promise<boolean> {
  const { run_id } = run.record;
  const supervision = await supervisionOf(run, host.clock.now());
  if (supervision === 'supervised' || supervision === 'ended') isOwned(run_id);
  if (supervision !== 'unsupervised') return true;
  if (!mayRecover(host, run.record)) return false;
  await startOnce(run_id, host.clock, () => startSuccessor(host, run.record));
  return true;
}

/**
 * A successor needs the run's private files. Without them it could only end a worker that is well, so
 * a run that another user home started is that one's to recover, as long as there is that home.
 */
export function mayRecover(host: Host, { home }: Pick<RunRecord, 'home'>): boolean {
  if (host.readOnly) return false;
  const theirs = home === undefined ? undefined : realPath(home);
  return theirs === undefined || theirs === realPath(host.home.root);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Starts one more supervisor. It takes over where nobody is, and else leaves at once. */
export async function startSuccessor(host: Host, record: RunRecord): Promise<ProcessIdentity> {
  return startSupervisor(host, record, await workerEnvironment(host, record));
}

/** Replaces a supervisor that lives but does not answer. */
export async function replaceSupervisor(host: Host, run: FoundRun): Promise<void> {
  const top = topLease(run.paths.lease);
  if (!mayRecover(host, run.record)) return;
  if (top !== undefined && !top.released) await killProcess(top.holder);
  await ensureSupervised(host, run);
}

/** Credentials are wanted for redaction and a restart, but re-adoption goes without (DESIGN §4). */
export async function workerEnvironment(
  host: Host,
  record: RunRecord,
): Promise<Record<string, string>> {
  const policy = await readPolicy(host.home);
  const base = allowedEnvironment(host.env, policy.env_pass);
  try {
    const { env } = await resolveCredentials({ id: record.profile.id }, profileHostOf(host));
    return { ...base, ...env };
  } catch {
    return base; // if it turns out to need them, the supervisor says so
  }
}

async function isBeingLaunched(record: RunRecord, now: Date): Promise<boolean> {
  const age = now.getTime() - Date.parse(record.created);
  if (age < 0 || age >= START_GRACE_MS) return false;
  const file = join(sharedPaths(workspaceAt(record.workspace)).active, `${record.run_id}.json`);
  const launcher = z
    .object({ launcher: z.object({ pid: z.number(), start: z.string(), boot: z.string() }) })
    .safeParse(await readJson(file).catch(() => undefined)).data?.launcher;
  if (launcher === undefined || stateOf(launcher) !== 'running') return false;
  // Its supervisor, or one that somebody else has started; Windows does not show them.
  return (
    age < SPAWN_GRACE_MS ||
    process.platform === 'win32' ||
    findByCookie(SUPERVISOR_COOKIE, record.run_id).some((one) => stateOf(one) === 'running')
  );
}
