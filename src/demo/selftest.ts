import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { timeLimit } from '../core/clock.ts';
import { CcError, toErrorFacts } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';
import type { Host } from '../workspace/host.ts';
import type { Evidence } from './evidence.ts';
import { type Gate, judgeSelfTest } from './gates.ts';
import { tryReading, tryStopping } from './other-runs.ts';
import { openScratch, type Scratch, supervisorComplaint } from './scratch.ts';
import { ENDLESS, ENDLESS_SOURCE, selfTestScripts } from './selftest-scripts.ts';
import { tryWriting } from './writing-run.ts';

export type SelfTestOptions = {
  timeoutMs: number;
  signal: AbortSignal;
  progress?: ((message: string) => void) | undefined;
};

export type SelfTestResult = { ok: boolean; gates: Gate[]; seconds: number };

/**
 * Proves an installation without a network or an account: real workers against an embedded model, in
 * a place of its own that is removed afterwards. Never throws; a gate that was not reached has failed.
 */
export async function selfTest(host: Host, options: SelfTestOptions): Promise<SelfTestResult> {
  const started = host.clock.monotonic();
  const result = (gates: Gate[]): SelfTestResult => ({
    ok: gates.every((gate) => gate.ok),
    gates,
    seconds: Math.round((host.clock.monotonic() - started) / 100) / 10,
  });
  const answer = `Self-test answer ${randomBase32(8)}.`;
  const evidence: Evidence = {};
  let problem: string | undefined;
  try {
    await gather(host, answer, evidence, options);
  } catch (error) {
    const { code, message, hint } = toErrorFacts(error);
    problem = hint ? `${message} ${hint}` : message;
    if (code === 'WORKER_NOT_FOUND' || code === 'WORKER_UNSUPPORTED') {
      return result([{ name: 'claude_found', ok: false, detail: problem }]);
    }
  }
  return result(judgeSelfTest(evidence, answer, problem));
}

async function gather(
  host: Host,
  answer: string,
  evidence: Evidence,
  { timeoutMs, signal, progress }: SelfTestOptions,
): Promise<void> {
  const limit = timeLimit(timeoutMs, signal);
  const due = () => {
    if (signal.aborted) throw new CcError('CANCELLED', 'The self-test was interrupted.');
    if (limit.aborted) {
      throw new CcError('TIMED_OUT', `The time was up (${timeoutMs / 1000} s).`, {
        hint: 'Give it more time, or see `cc-orchestrator healthcheck`.',
      });
    }
  };
  let scratch: Scratch | undefined;
  const token = () => scratch?.token ?? '';
  scratch = await openScratch(host, (project) => selfTestScripts(project, token, answer));
  try {
    evidence.claude = scratch.claude;
    await writeFile(join(scratch.place.cwd, ENDLESS), ENDLESS_SOURCE);
    progress?.('a worker that may write');
    const writing = await tryWriting(scratch, limit);
    due();
    evidence.writing = writing;
    progress?.('a worker that may only read, and one that is stopped');
    const [reading, stopping] = await Promise.all([
      tryReading(scratch, limit),
      tryStopping(scratch, limit),
    ]);
    due();
    evidence.reading = reading;
    evidence.stopping = stopping;
  } catch (error) {
    due();
    throw new CcError('CHECK_FAILED', toErrorFacts(error).message, {
      hint: (await supervisorComplaint(scratch)) ?? 'See `cc-orchestrator healthcheck`.',
      cause: error,
    });
  } finally {
    progress?.('removing everything');
    evidence.leftovers = await scratch.close();
  }
}
