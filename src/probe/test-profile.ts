import { join } from 'node:path';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { digestOf } from '../core/ids.ts';
import type { Redactor } from '../core/redact.ts';
import { oneLine } from '../core/text.ts';
import type { Price } from '../profiles/price.ts';
import { costOf } from '../profiles/prices.ts';
import { PROBES, type Probe, type ProbeVerdict, storeVerdicts } from '../routing/capabilities.ts';
import { billRun } from '../runs/bill.ts';
import { budgetTokens } from '../runs/limits.ts';
import { Lease } from '../store/lease.ts';
import type { TokenCount } from '../workers/events.ts';
import type { Host } from '../workspace/host.ts';
import { type Conversation, converse, type ProbeWorker, totalOf } from './conversation.ts';
import { type Judgement, judgeProfile } from './judge.ts';
import type { TestCaps, TestPlan } from './plan.ts';
import { prepareWorker, type Subject } from './subject.ts';
import { basicTask, longTask, type ProbeTask, thinkingTask } from './tasks.ts';

export type TestOptions = {
  plan: TestPlan;
  caps: TestCaps;
  timeoutMs: number;
  signal: AbortSignal;
  progress?: (message: string) => void;
};

export type TestResult = {
  tested: string;
  worker_version: string;
  seconds: number;
  cost: { tokens: number; usd: number | null };
  /** False: a conversation was ended before it told all it used, so that the cost is a lower bound. */
  cost_complete: boolean;
  probes: Record<Probe, ProbeVerdict>;
};

const EVIDENCE_CHARS = 240;
const FIX_CHARS = 320;
/** A conversation that begins with less would only be cut off. */
const LEAST_MS = 3000;

/**
 * Gives the worker CLI tiny tasks with this profile and judges what comes of them. One test of a
 * profile at a time; its verdicts are kept in the user home. It never throws for what a service does:
 * that is a verdict.
 */
export async function testProfile(
  host: Host,
  subject: Subject,
  options: TestOptions,
): Promise<TestResult> {
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and starts no worker.', {
      hint: 'Start it without --read-only, or test in a shell: cc-orchestrator test-profile.',
    });
  }
  const { profile } = subject;
  const lease = Lease.tryAcquire(join(host.home.capabilities, 'leases', digestOf(profile.id)));
  if (!(lease instanceof Lease)) {
    throw new CcError('BUSY', `${profile.id} is being tested already, since ${lease.since}.`, {
      hint: 'Wait for that test; dry_run then shows its verdicts without a new one.',
      retryable: true,
    });
  }
  try {
    return await test(host, subject, options);
  } finally {
    lease.release();
  }
}

async function test(host: Host, subject: Subject, options: TestOptions): Promise<TestResult> {
  const { profile, model, price, listed, cliPrice, window } = subject;
  const { plan } = options;
  const started = host.clock.monotonic();
  const { worker, hide } = await prepareWorker(host, subject);
  const session = new Session(host, worker, subject, options);

  const basic = await session.ask(basicTask());
  const answers = basic.facts.answers.length > 0;
  const fits = basic.facts.structured !== undefined;
  const goesOn = (wanted: boolean) => wanted && session.hasTime();
  const thinking = goesOn(answers && plan.tasks.includes('thinking'))
    ? await session.ask(thinkingTask())
    : undefined;
  const long = goesOn(fits && plan.longTokens !== undefined)
    ? await session.ask(longTask(plan.longTokens ?? 0))
    : undefined;

  const judgement = judgeProfile({
    asked: { model, address: profile.base_url },
    basic,
    thinking,
    long,
    noLongBecause: plan.noLongBecause ?? whyNotLong(plan, fits),
    window,
    price: { profile, model, price, listed, cliPrice },
  });
  const tested = isoTime(host.clock.now());
  const probes = dated(judgement, session, { tested, worker_version: worker.version, hide });
  await storeVerdicts(host.home, profile, model, tested, probes);
  return {
    tested,
    worker_version: worker.version,
    seconds: Math.round((host.clock.monotonic() - started) / 100) / 10,
    cost: session.cost(),
    cost_complete: session.isComplete(),
    probes,
  };
}

function whyNotLong({ level }: TestPlan, fits: boolean): string {
  if (level === 'quick') return 'a quick test sends no long prompt';
  return fits ? 'the time was up' : 'the model did not answer by schema';
}

/** The conversations of one test, which share its time and its caps. */
class Session {
  readonly #host: Host;
  readonly #worker: ProbeWorker;
  readonly #subject: Subject;
  readonly #options: TestOptions;
  readonly #done: Conversation[] = [];
  readonly #until: number;

  constructor(host: Host, worker: ProbeWorker, subject: Subject, options: TestOptions) {
    this.#host = host;
    this.#worker = worker;
    this.#subject = subject;
    this.#options = options;
    this.#until = host.clock.monotonic() + options.timeoutMs;
  }

  hasTime(): boolean {
    return this.#until - this.#host.clock.monotonic() >= LEAST_MS;
  }

  async ask(task: ProbeTask): Promise<Conversation> {
    this.#options.progress?.(`${this.#subject.model}: ${task.name.replace('_', ' ')}`);
    const before = this.#done.map((one) => totalOf(one.usage));
    const conversation = await converse(this.#worker, task, {
      wallMs: this.#until - this.#host.clock.monotonic(),
      isTooMuch: (used) => this.#isTooMuch([...before, used]),
      signal: this.#options.signal,
    });
    this.#done.push(conversation);
    return conversation;
  }

  isComplete(): boolean {
    return this.#done.every((one) => one.complete);
  }

  cost(name?: string): { tokens: number; usd: number | null } {
    const those = this.#done.filter((one) => name === undefined || one.task.name === name);
    const tokens = those.reduce((sum, one) => sum + budgetTokens(totalOf(one.usage)), 0);
    const usd = those
      .map((one) => usdOf(one, this.#subject))
      .reduce((sum, amount) => (sum === null || amount === null ? null : sum + amount), 0);
    return { tokens: Math.round(tokens), usd: usd === null ? null : Math.round(usd * 1e6) / 1e6 };
  }

  #isTooMuch(used: readonly TokenCount[]): boolean {
    const { plan, caps } = this.#options;
    const tokens = used.reduce((sum, count) => sum + budgetTokens(count), 0);
    if (tokens > plan.mostTokens) return true;
    if (caps.maxUsd === undefined) return false;
    // What cannot be priced (a cache without price) is bounded by the tokens.
    const usd = used.reduce((sum, count) => sum + (costOf(count, this.#subject.price) ?? 0), 0);
    return usd > caps.maxUsd;
  }
}

/** Nothing was used where nothing came; that costs nothing, whatever the price. */
function usdOf({ usage, complete }: Conversation, subject: Subject): number | null {
  const { input, output, cache_read, cache_write } = totalOf(usage);
  if (input + output + cache_read + cache_write === 0) return 0;
  const price: Price | null = subject.price ?? null;
  return billRun(usage, { price, model: subject.model, cliPrice: subject.cliPrice }, complete).usd;
}

function dated(
  judgement: Judgement,
  session: Session,
  { tested, worker_version, hide }: { tested: string; worker_version: string; hide: Redactor },
): Record<Probe, ProbeVerdict> {
  const entries = PROBES.map((probe): [Probe, ProbeVerdict] => {
    const { finding, of } = judgement[probe];
    const { verdict, evidence, fix, value } = finding;
    const cost = of === 'none' ? { tokens: 0, usd: 0 } : session.cost(of);
    return [
      probe,
      {
        verdict,
        evidence: oneLine(hide(evidence), EVIDENCE_CHARS),
        ...(fix === undefined ? {} : { fix: oneLine(hide(fix), FIX_CHARS) }),
        ...(value === undefined ? {} : { value }),
        checked: tested,
        worker_version,
        cost: { of, ...cost },
      },
    ];
  });
  return Object.fromEntries(entries) as Record<Probe, ProbeVerdict>;
}
