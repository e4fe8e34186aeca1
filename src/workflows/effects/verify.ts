import { join } from 'node:path';
import { sleep, timeLimit } from '../../core/clock.ts';
import { CcError, toErrorFacts } from '../../core/errors.ts';
import { digestOf } from '../../core/ids.ts';
import { oneLine } from '../../core/text.ts';
import type { Actor } from '../../ledger/entry.ts';
import { type FoundRun, findRun } from '../../runs/find.ts';
import { treeRoot } from '../../runs/record.ts';
import { withLease } from '../../store/lease.ts';
import { applyRun } from '../../undo/apply.ts';
import { BLOCKED, CAREFUL } from '../../verification/verdict.ts';
import type { Verification } from '../../verification/verification.ts';
import { verifyRun } from '../../verification/verify-run.ts';
import { sharedPaths } from '../../workspace/layout.ts';
import type { Effect } from '../core/effects.ts';
import type { RunVerified } from '../core/events.ts';
import type { TestCounts } from '../core/instance.ts';
import { indexOf } from '../core/keys.ts';
import { nodeAt } from '../plan.ts';
import type { Verdict } from '../vocabulary.ts';
import { heldByEarlier } from './earlier-work.ts';
import type { EffectHost, Effector } from './effector.ts';

const REASONS = 10;
const REASON_CHARS = 300;
const LOOK_MS = 200;
/** Something of the project is busy: another verification, somebody who restores files, a writer. */
const BUSY_MS = 30 * 60_000;

const LEAST_RISK = { investigate: CAREFUL, reject: BLOCKED } as const;

type VerifyRun = Extract<Effect, { type: 'verify_run' }>;
const ACTOR: Actor = { by: 'supervisor' };

/** Verifies what a run did, and brings the result of one that worked in a copy into the project. */
export class VerifyEffector implements Effector {
  readonly #host: EffectHost;
  readonly #running = new Map<string, AbortController>();

  constructor(host: EffectHost) {
    this.#host = host;
  }

  perform(effect: Effect): void {
    if (effect.type === 'verify_run') void this.#verify(effect);
    else if (effect.type === 'stop_run') this.#running.get(effect.key)?.abort();
  }

  async close(): Promise<void> {
    for (const running of this.#running.values()) running.abort();
  }

  async #verify(effect: VerifyRun): Promise<void> {
    const { key } = effect;
    const stopped = new AbortController();
    this.#running.set(key, stopped);
    let verified: Omit<RunVerified, 'key'>;
    try {
      verified = await this.#carryOut(effect, stopped.signal);
    } catch (error) {
      const reason = `it could not be verified: ${toErrorFacts(error).message}`;
      verified = { verdict: 'reject', reasons: [oneLine(reason, REASON_CHARS)] };
    }
    this.#running.delete(key);
    if (!this.#host.signal.aborted) this.#host.report({ type: 'run_verified', key, ...verified });
  }

  async #carryOut(effect: VerifyRun, signal: AbortSignal): Promise<Omit<RunVerified, 'key'>> {
    const { host, place } = this.#host;
    const run = await findRun(host, effect.run_id, place.workspace);
    const { test_commands } = effect;
    const request = {
      tests: test_commands.length === 0 ? undefined : test_commands,
      checks: [],
      timeoutSeconds: undefined,
      minCoverage: undefined,
    };
    const options = { signal, progress: () => undefined, actor: ACTOR };
    const { result } = await this.#inTurn(run, signal, () =>
      untilFree(() => verifyRun(host, run, request, options), signal),
    );
    const own = verdictOf(result);
    const verified = own.verdict === 'reject' ? own : await this.#inAll(effect, run, own);
    const applied = await this.#apply(effect, run, verified.verdict, signal);
    return applied === undefined ? verified : { ...verified, ...applied };
  }

  /** With what earlier attempts have left behind. */
  async #inAll(
    effect: VerifyRun,
    run: FoundRun,
    own: Omit<RunVerified, 'key'>,
  ): Promise<Omit<RunVerified, 'key'>> {
    const held = await heldByEarlier(this.#host, effect, run);
    if (held === undefined) return own;
    const { verdict } = held;
    const risk = Math.max(own.risk ?? 0, LEAST_RISK[verdict]);
    return { ...own, verdict, risk, reasons: [...held.reasons, ...own.reasons].slice(0, REASONS) };
  }

  /** Test commands of two at once in one place would disturb each other. */
  #inTurn<T>(run: FoundRun, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { verifyTurns } = sharedPaths(run.workspace);
    const directory = join(verifyTurns, digestOf(treeRoot(run.record)));
    return withLease(directory, Number.POSITIVE_INFINITY, work, signal);
  }

  /** Undefined: there is nothing to bring in, or it was brought in. */
  async #apply(
    { node: id }: VerifyRun,
    run: FoundRun,
    verdict: Verdict,
    signal: AbortSignal,
  ): Promise<Pick<RunVerified, 'verdict' | 'reasons'> | undefined> {
    const { host, plan, record } = this.#host;
    const node = nodeAt(plan, indexOf(plan, id) ?? -1);
    if (node.kind !== 'agent' || !node.allow_write || run.record.worktree === undefined) return;
    const atLeast = node.verify?.at_least ?? 'investigate';
    if (verdict === 'reject' || (verdict === 'investigate' && atLeast === 'accept')) return;
    const force =
      verdict === 'accept' ? undefined : `${record.workflow_id}: ${id} asks for ${atLeast}`;
    try {
      const wanted = { as: 'patch' as const, apply: true, force };
      await untilFree(() => applyRun(host, run, wanted, ACTOR), signal);
      return undefined;
    } catch (error) {
      const { message, details } = toErrorFacts(error);
      const conflicts = Array.isArray(details?.conflicts) ? details.conflicts.map(String) : [];
      const text = `its result could not be brought into the project: ${message}`;
      return {
        verdict: 'reject',
        reasons: [text, ...conflicts].slice(0, REASONS).map((one) => oneLine(one, REASON_CHARS)),
      };
    }
  }
}

/** Again as long as it is refused for something that passes by itself. */
async function untilFree<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const limit = timeLimit(BUSY_MS, signal);
  for (let pause = LOOK_MS; ; pause = Math.min(5000, pause * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CcError) || !error.retryable || limit.aborted) throw error;
      await sleep(pause, limit);
    }
  }
}

function verdictOf(result: Verification): Omit<RunVerified, 'key'> {
  // A run whose answer had to be repaired ended without one; that is mended by now.
  const isMended = ({ code }: { code: string }) =>
    code === 'run_not_ended_well' && result.run.failure === 'invalid_output';
  const reasons = result.reasons.filter((reason) => !isMended(reason));
  const has = (level: string) => reasons.some((reason) => reason.level === level);
  const verdict = has('reject') ? 'reject' : has('investigate') ? 'investigate' : 'accept';
  const isTold = reasons.filter(({ level }) => level !== 'info');
  const tests = countsOf(result);
  return {
    verdict,
    risk: result.risk,
    reasons: isTold.slice(0, REASONS).map(({ text }) => oneLine(text, REASON_CHARS)),
    ...(tests === undefined ? {} : { tests }),
    ...(result.changes.known ? { changed_files: result.changes.files } : {}),
  };
}

/** Of all commands together; a command without counts is one test. */
function countsOf({ tests }: Verification): TestCounts | undefined {
  if (tests.length === 0) return undefined;
  return tests.reduce(
    (sum, { status, counts }) => {
      const isGood = status === 'passed' || status === 'no_tests';
      const { passed, failed, skipped } = counts ?? {
        passed: status === 'passed' ? 1 : 0,
        failed: isGood ? 0 : 1,
        skipped: 0,
      };
      // One that failed without saying which test is no good news.
      const atLeast = isGood ? failed : Math.max(1, failed);
      return {
        passed: sum.passed + passed,
        failed: sum.failed + atLeast,
        skipped: sum.skipped + skipped,
      };
    },
    { passed: 0, failed: 0, skipped: 0 },
  );
}
