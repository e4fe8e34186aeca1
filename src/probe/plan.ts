import { CcError } from '../core/errors.ts';
import type { Price } from '../profiles/price.ts';
import { costOf } from '../profiles/prices.ts';
import type { TaskName } from './tasks.ts';

export type Level = 'quick' | 'full';

/** What somebody allows a test to use; tokens as budgets count them. */
export type TestCaps = {
  maxTokens?: number | undefined;
  maxUsd?: number | undefined;
};

type Tokens = { input: number; output: number };

/** What the conversations of a test use, and where each is ended. */
export type TestPlan = {
  level: Level;
  tasks: TaskName[];
  /** Tokens of the long prompt; without it, why there is none. */
  longTokens?: number;
  noLongBecause?: string;
  usual: Tokens;
  /** The test is ended by the answer that passes it. */
  mostTokens: number;
};

/**
 * Measured with Claude Code 2.1.329: two requests of 4.4 and 5.9 kB, and short answers. Models that
 * think even when they need not use more.
 */
const BASIC: Tokens = { input: 2700, output: 300 };
const THINKING: Tokens = { input: 700, output: 900 };
/** Around the long text. */
const FRAME: Tokens = { input: 700, output: 100 };
const MOST = { basic: 20_000, thinking: 6000, frame: 6000 };

/** Part of a claimed window that is filled: the rest is for the answer and for counting differently. */
const FILLED = 0.85;
/** The least that says anything about a long context. */
const LEAST_LONG = 20_000;
/** What services may count more than we do. */
const TOLERANCE = 0.9;

/** Decides what a test does, from what it may use. Refuses caps that would not hold. */
export function planTest(
  level: Level,
  caps: TestCaps,
  facts: { price: Price | undefined; window: number | undefined },
): TestPlan {
  requirePrice(caps, facts.price);
  if (level === 'quick') {
    return affordable(
      { level, tasks: ['basic'], usual: BASIC, mostTokens: MOST.basic },
      caps,
      facts,
    );
  }
  const usual = plus(BASIC, THINKING);
  const plan: TestPlan = {
    level,
    tasks: ['basic', 'thinking'],
    usual,
    mostTokens: MOST.basic + MOST.thinking,
  };
  const long = longTokens(caps, usual, facts);
  if (typeof long === 'string') return affordable({ ...plan, noLongBecause: long }, caps, facts);
  const longPlan: TestPlan = {
    ...plan,
    tasks: [...plan.tasks, 'long_context'],
    longTokens: long,
    usual: plus(usual, { input: long + FRAME.input, output: FRAME.output }),
    mostTokens: plan.mostTokens + long + MOST.frame,
  };
  return affordable(longPlan, caps, facts);
}

/** USD of a number of tokens, or null where the price is not known. */
export function usdOf(tokens: Tokens, price: Price | undefined): number | null {
  const usd = costOf(tokens, price);
  return usd === undefined ? null : Math.round(usd * 1e6) / 1e6;
}

/** How long the long prompt can be, or why there is none. */
function longTokens(
  { maxTokens, maxUsd }: TestCaps,
  usual: Tokens,
  { price, window }: { price: Price | undefined; window: number | undefined },
): number | string {
  if (maxTokens === undefined && maxUsd === undefined) {
    return 'a long prompt costs as many tokens as it is long, so it needs a budget.max_tokens or max_usd of yours';
  }
  const byTokens =
    maxTokens === undefined
      ? Infinity
      : maxTokens - usual.input - usual.output - FRAME.input - FRAME.output;
  const spent = costOf(plus(usual, FRAME), price) ?? 0;
  const byUsd =
    maxUsd === undefined || price === undefined || price.input === 0
      ? Infinity
      : ((maxUsd - spent) / price.input) * price.per;
  const allowed = Math.min(byTokens, byUsd) * TOLERANCE;
  const size = Math.floor(Math.min(allowed, window === undefined ? Infinity : window * FILLED));
  if (!Number.isFinite(size))
    return 'neither the window of the model nor budget.max_tokens says how long';
  if (size >= LEAST_LONG) return size;
  return size < allowed
    ? `the model claims only ${window} tokens`
    : `the cap leaves room for ${Math.max(0, size)} tokens; less than ${LEAST_LONG} says nothing`;
}

/** What it usually uses must fit, or the test would be ended for sure before it is done. */
function affordable(
  plan: TestPlan,
  { maxTokens, maxUsd }: TestCaps,
  { price }: { price: Price | undefined },
): TestPlan {
  const tokens = plan.usual.input + plan.usual.output;
  const usd = usdOf(plan.usual, price);
  if (maxTokens !== undefined && tokens > maxTokens) {
    throw tooLittle(`budget.max_tokens ${maxTokens}`, `${tokens} tokens`, plan);
  }
  if (maxUsd !== undefined && usd !== null && usd > maxUsd) {
    throw tooLittle(`budget.max_usd ${maxUsd}`, `${usd} USD`, plan);
  }
  return { ...plan, mostTokens: Math.min(plan.mostTokens, maxTokens ?? Infinity) };
}

function tooLittle(cap: string, usual: string, { level }: TestPlan): CcError {
  return new CcError('BAD_INPUT', `${cap} is too little: this test usually takes ${usual}.`, {
    hint: level === 'full' ? 'Raise it, or test with level quick.' : 'Raise it, or leave it out.',
  });
}

function requirePrice({ maxUsd }: TestCaps, price: Price | undefined): void {
  if (maxUsd === undefined || price !== undefined) return;
  throw new CcError('BAD_INPUT', 'max_usd cannot hold: the price of this model is not known.', {
    hint: 'Use max_tokens, or tell the price where the profile is kept.',
  });
}

function plus(a: Tokens, b: Tokens): Tokens {
  return { input: a.input + b.input, output: a.output + b.output };
}
