import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { createRedactor, redactJson } from '../core/redact.ts';
import { isFinal } from '../core/vocabulary.ts';
import { recordVerification } from '../judgement/record-verification.ts';
import { digestOfFile } from '../ledger/digest-of-file.ts';
import type { Actor } from '../ledger/entry.ts';
import { wholeOf } from '../runs/changes/snapshots.ts';
import type { FoundRun } from '../runs/find.ts';
import { lookAt } from '../runs/view.ts';
import { portsOf } from '../runs/worktrees/set-up.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { Lease } from '../store/lease.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import { readPolicy } from '../workspace/policy.ts';
import { endAbandoned } from './abandoned.ts';
import { differences, headNow, treeNow } from './evidence/tree-state.ts';
import { factsOf, readRecorded } from './gather.ts';
import { type Check, runChecks } from './running/checks.ts';
import { commandEnvironment } from './running/environment.ts';
import { runTests } from './running/tests.ts';
import {
  latestVerification,
  storeVerification,
  verificationLease,
  verificationPaths,
} from './store.ts';
import { judge } from './verdict.ts';
import type { Verification, VerificationFacts } from './verification.ts';

export type VerifyRequest = {
  /** Undefined: those of the user's policy for this project. */
  tests: readonly string[] | undefined;
  checks: readonly Check[];
  timeoutSeconds: number | undefined;
  minCoverage: number | undefined;
};

export type VerifyOptions = {
  signal: AbortSignal;
  progress: (message: string) => void;
  /** Who asks, for the ledger. */
  actor: Actor;
};

export type Verified = { result: Verification; file: string };

const PATHS_KEPT = 50;

/**
 * Verifies a run that has ended: reads what it left, runs the tests and checks in its directory, judges
 * by the facts alone, and stores all of it. Nothing of the run itself is changed.
 */
export async function verifyRun(
  host: Host,
  found: FoundRun,
  request: VerifyRequest,
  options: VerifyOptions,
): Promise<Verified> {
  const { run, state, summary } = await lookAt(host, found);
  requireEnded(run, state);
  const started = host.clock.monotonic();
  await makePrivateDir(run.paths.verification);
  const lease = Lease.tryAcquire(verificationLease(run.paths));
  if (!(lease instanceof Lease)) {
    throw new CcError('BUSY', `Process ${lease.holder.pid} is verifying ${run.record.run_id}.`, {
      hint: 'Wait until it is done; its result is in verification/latest.json.',
      retryable: true,
    });
  }
  try {
    await endAbandoned(run.paths);
    const result = await carriedOut(host, run, summary, request, options);
    const seconds = Math.round((host.clock.monotonic() - started) / 100) / 10;
    const whole = { ...result, seconds };
    const file = await storeVerification(run.paths, whole);
    await recordVerification(host, run, whole, options.actor);
    return { result: whole, file };
  } finally {
    lease.release();
  }
}

function requireEnded({ record }: FoundRun, state: string): void {
  if (isFinal(record.state)) return;
  if (state === 'lost') {
    throw new CcError('NEEDS_RECOVERY', `Nobody supervises run ${record.run_id}.`, {
      hint: 'Recover it with cc_recover_runs, then verify it.',
    });
  }
  throw new CcError(
    'STILL_RUNNING',
    `Run ${record.run_id} is ${state}; only what has ended can be verified.`,
    {
      hint: 'Wait for it with cc_wait_runs, or stop it with cc_stop_run.',
      retryable: true,
    },
  );
}

async function carriedOut(
  host: Host,
  run: FoundRun,
  summary: Parameters<typeof readRecorded>[2],
  request: VerifyRequest,
  { signal, progress }: VerifyOptions,
): Promise<Omit<Verification, 'seconds'>> {
  const { record } = run;
  const now = host.clock.now();
  const id = newId('verify', now);
  const policy = await readPolicy(host.home);
  const { verify } = policy;
  const { env, secrets } = await commandEnvironment(host, policy);
  const { folder } = verificationPaths(run.paths, id);
  await makePrivateDir(folder);
  const redact = createRedactor(secrets);
  const place = {
    cwd: record.cwd,
    env: { ...env, ...portsOf(record) },
    cookie: id,
    redact,
    signal,
  };
  const commands =
    request.tests ?? verify.tests[record.workspace] ?? verify.tests[record.cwd] ?? [];
  const timeoutMs = (request.timeoutSeconds ?? verify.timeout_seconds) * 1000;
  const runsCommands =
    commands.length > 0 || request.checks.some(({ kind }) => kind === 'custom_command');

  const needsTree = runsCommands || record.scope !== null;
  const base = wholeOf(record.base?.snapshot);
  const before = needsTree ? await treeNow(host, run, base, signal) : undefined;
  // The journal may have 50 MB: it is read while the tests run.
  const [tested, head, { recorded, since }] = await Promise.all([
    runTests({ commands, timeoutMs, minCoverage: request.minCoverage }, place, folder, progress),
    headNow(host, run, before),
    readRecorded(host, run, summary).then(async (recorded) => {
      const after = wholeOf(recorded.changes.recorded?.after);
      digestOfFile(run.paths.events); // for the receipt, which then need not read it
      return { recorded, since: await differences(host, after, before, signal) };
    }),
  ]);
  const checks = await runChecks(request.checks, {
    run,
    changes: recorded.changes,
    log: recorded.log,
    place,
    folder,
    timeoutMs: request.timeoutSeconds === undefined ? undefined : timeoutMs,
  });
  if (signal.aborted) throw new CcError('CANCELLED', 'The verification was cancelled.');

  const after = runsCommands ? await treeNow(host, run, before, signal) : before;
  const changed = await differences(host, before, after, signal);
  const leftBefore = await leftByEarlier(run);
  const { changes, ...facts } = await factsOf(recorded, tested.runs, [
    ...commands,
    ...request.checks.flatMap((check) => (check.kind === 'custom_command' ? check.command : [])),
  ]);
  const all: VerificationFacts = redactJson(
    {
      ...facts,
      changes: {
        ...changes,
        since: pathsOf(since).filter((path) => !leftBefore.has(path)),
      },
      tests: tested.runs,
      tests_changed: {
        added: pathsOf(changed.filter(({ status }) => status === 'added')),
        touched: pathsOf(
          changed.filter(({ status, path }) => status !== 'added' && !leftBefore.has(path)),
        ),
      },
      ...(tested.coverage === undefined ? {} : { coverage: tested.coverage }),
      checks,
    },
    redact,
  );
  return {
    schema_version: SCHEMA_VERSION,
    verification_id: id,
    run_id: record.run_id,
    time: isoTime(now),
    ...judge(all),
    ...all,
    head,
    after_tree: recorded.changes.recorded?.after.tree ?? null,
    tree_now: (after ?? before)?.tree ?? null,
  };
}

function pathsOf(files: readonly { path: string }[]): string[] {
  return files.slice(0, PATHS_KEPT).map(({ path }) => path);
}

/** Reports and the like that an earlier verification made are nobody's later change. */
async function leftByEarlier({ paths }: FoundRun): Promise<Set<string>> {
  const earlier = await latestVerification(paths);
  const { added = [], touched = [] } = earlier?.tests_changed ?? {};
  return new Set([...added, ...touched]);
}
