import { timeLimit } from '../core/clock.ts';
import { CcError, type ErrorFacts, toErrorFacts } from '../core/errors.ts';
import { diffWorkingTree } from '../git/diff.ts';
import { findRun } from '../runs/find.ts';
import { verifyRun } from '../verification/verify-run.ts';
import type { Host } from '../workspace/host.ts';
import {
  tellBill,
  tellChecks,
  tellOpening,
  tellProject,
  tellTask,
  tellTests,
  tellVerdict,
} from './chapters.ts';
import { type DemoCheck, judgeDemo } from './checks.ts';
import { delegate } from './delegate.ts';
import type { DemoFacts } from './facts.ts';
import { replayDemo } from './replay.ts';
import { runTests, TEST_COMMAND } from './sample.ts';
import { openScratch, type Scratch } from './scratch.ts';
import { type Output, Screen } from './screen.ts';
import { repairScript } from './story.ts';

export type DemoOptions = {
  /** Who asks: where Claude Code is and how a supervisor is started. Nothing of it is written to. */
  host: Host;
  out: Output;
  isTTY: boolean;
  colour: boolean;
  /** Tells nothing but the result, as JSON. */
  json?: boolean | undefined;
  /** Aborted by Ctrl-C: everything is ended and removed, then it returns. */
  signal: AbortSignal;
  keep?: boolean | undefined;
  replay?: boolean | undefined;
};

export type DemoResult = {
  ok: boolean;
  mode: 'live' | 'replay';
  /** What must hold for a live demo to be ok; empty for a recording, which proves nothing. */
  checks: DemoCheck[];
  facts?: DemoFacts;
  /** The directory that was kept. */
  kept?: string;
  seconds: number;
  error?: ErrorFacts;
};

/** The run has a shorter wall budget of its own; this is for all that could go wrong around it. */
const TIMEOUT_MS = 120_000;
const NOWHERE: Output = { write: () => undefined };

/**
 * Shows a whole delegation with a real worker, in a place of its own and without a network: a failing
 * test, a run, what was refused, and a check that believes nobody. Never throws; tells what went wrong.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { host, out, isTTY, colour, json = false } = options;
  const started = host.clock.monotonic();
  const screen = new Screen(json ? NOWHERE : out, { isTTY: isTTY && !json, colour });
  let result: Told;
  try {
    result = options.replay ? await replayed(screen, options) : await live(screen, options);
  } catch (error) {
    const facts = toErrorFacts(error);
    tellError(screen, facts);
    result = { ok: false, checks: [], error: facts };
  }
  const seconds = Math.round((host.clock.monotonic() - started) / 100) / 10;
  const whole: DemoResult = { mode: options.replay ? 'replay' : 'live', seconds, ...result };
  if (json) out.write(`${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

type Told = Omit<DemoResult, 'mode' | 'seconds'>;

async function replayed(screen: Screen, { isTTY, json, signal }: DemoOptions): Promise<Told> {
  const facts = await replayDemo(screen, { inRealTime: isTTY && !json, signal });
  return { ok: true, checks: [], facts };
}

async function live(screen: Screen, { host, signal, keep = false }: DemoOptions): Promise<Told> {
  const limit = timeLimit(TIMEOUT_MS, signal);
  const scratch = await openScratch(host, (project) => [repairScript(project)]);
  let facts: DemoFacts;
  try {
    facts = await perform(screen, scratch, limit, keep);
  } catch (error) {
    screen.status('stopping and removing everything');
    await scratch.close();
    screen.end();
    throw signal.aborted ? new CcError('CANCELLED', 'The demo was interrupted.') : error;
  }
  const leftovers = await scratch.close({ keep });
  const checks = judgeDemo(facts, leftovers);
  const ok = checks.every((check) => check.ok);
  tellVerdict(screen, checks, keep ? scratch.root : undefined);
  return { ok, checks, facts, ...(keep ? { kept: scratch.root } : {}) };
}

async function perform(
  screen: Screen,
  scratch: Scratch,
  signal: AbortSignal,
  keep: boolean,
): Promise<DemoFacts> {
  const { host, place } = scratch;
  const project = place.cwd;
  tellOpening(screen);
  tellProject(screen, project);
  const before = await runTests(project, host.env, signal);
  tellTests(screen, before);
  tellTask(screen);
  const run = await delegate(screen, scratch, signal);
  const verdict = await verdictOn(run.run_id, scratch, signal);
  const after = await runTests(project, host.env, signal);
  const diff = await diffWorkingTree(project, { env: host.env, signal });
  const changed = diff.files
    .filter((file) => !file.artifact)
    .map(({ path, added, deleted }) => ({ path, added, deleted }));
  const facts = { project, before, run, after, changed, patch: diff.patch, verdict };
  tellChecks(screen, facts);
  tellBill(screen, run, keep ? run.folder : `${run.folder.slice(project.length + 1)}/`);
  return facts;
}

/** The same as `cc-orchestrator verify-run <run id> --tests 'node --test'`. */
async function verdictOn(
  runId: string,
  { host, place }: Scratch,
  signal: AbortSignal,
): Promise<NonNullable<DemoFacts['verdict']>> {
  const found = await findRun(host, runId, place.workspace);
  const request = {
    tests: [TEST_COMMAND],
    checks: [{ kind: 'diff_not_empty' as const }],
    timeoutSeconds: undefined,
    minCoverage: undefined,
  };
  const { result } = await verifyRun(host, found, request, {
    signal,
    progress: () => undefined,
    actor: { by: 'cli' },
  });
  const reasons = result.reasons.filter(({ level }) => level !== 'info').map(({ text }) => text);
  return { verdict: result.verdict, risk: result.risk, reasons };
}

function tellError(screen: Screen, { code, message, hint }: ErrorFacts): void {
  screen.end();
  screen.line(screen.paint('bad', message));
  if (hint !== undefined) screen.line(hint);
  if (code === 'WORKER_NOT_FOUND' || code === 'WORKER_UNSUPPORTED') {
    screen.line('Or watch a recording, without it: cc-orchestrator demo --replay');
  }
}
