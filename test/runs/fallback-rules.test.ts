import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../src/core/vocabulary.ts';
import {
  callsForMove,
  MAX_MOVES,
  movedFrom,
  remainingBudget,
  whyItStays,
} from '../../src/runs/fallback/rules.ts';
import type { RunRecord } from '../../src/runs/record.ts';

const ENDED = '2026-11-21T10:00:00.000Z';
const NOW = Date.parse(ENDED) + 1000;

type Facts = {
  failure?: FailureClass;
  usd?: number | null;
  tokens?: number;
  calls?: number;
  elapsedMs?: number;
  budget?: Partial<RunRecord['budget']>;
  fallback?: RunRecord['fallback'];
  moves?: number;
};

function failed(facts: Facts = {}): RunRecord {
  const { failure = 'rate_limited', usd = 0.25, tokens = 1000, calls = 2, moves = 0 } = facts;
  const one = { run_id: 'run_x', profile: 'p', model: 'm', class: failure };
  return {
    run_id: 'run_failed',
    profile: { id: 'env:a', name: 'a', source: 'environment' },
    model: 'a-model',
    state: 'failed',
    ended: ENDED,
    elapsed_ms: facts.elapsedMs ?? 100_000,
    fallback: 'fallback' in facts ? facts.fallback : 'on',
    budget: { wall_seconds: 900, idle_seconds: 600, max_turns: 100, ...facts.budget },
    ...(moves > 0 ? { lineage: { moved: Array.from({ length: moves }, () => one) } } : {}),
    outcome: {
      failure: { class: failure },
      model_calls: calls,
      usage: { usd, tokens: { input: tokens, output: 0, cache_read: 0, cache_write: 0 } },
    },
  } as unknown as RunRecord;
}

describe('a failure', () => {
  it.each<[FailureClass, boolean]>([
    ['rate_limited', true],
    ['provider_overload', true],
    ['network', true],
    ['auth_failed', true],
    ['billing', true],
    ['provider_capability', true],
    ['context_overflow', true],
    ['no_output', true],
    ['success', false],
    ['stalled', false],
    ['timeout', false],
    ['stopped_limit', false],
    ['invalid_output', false],
    ['interrupted', false],
    ['crashed', false],
    ['disk_full', false],
    ['launch_environment', false],
    ['permission_denied', false],
    ['supervisor_lost', false],
  ])('of class %s calls for a move: %s', (failure, calls) => {
    expect(callsForMove(failed({ failure }))).toBe(calls);
  });

  it('of a run of an earlier version, or of a trial, calls for nothing', () => {
    expect(callsForMove(failed({ fallback: undefined }))).toBe(false);
  });
});

describe('a task stays', () => {
  it.each([
    [{}, undefined],
    [{ fallback: 'named' }, /named/],
    [{ fallback: 'declined' }, /fallback: false/],
    [{ fallback: 'policy_off' }, /policy/],
    [{ moves: MAX_MOVES - 1 }, undefined],
    [{ moves: MAX_MOVES }, /3 times/],
    [{ elapsedMs: 895_000 }, /wall_seconds/],
    [{ calls: 100 }, /max_turns/],
    [{ tokens: 9500, budget: { max_tokens: 10_000 } }, /max_tokens/],
    [{ usd: 1, budget: { max_usd: 1 } }, /max_usd/],
    [{ usd: null, budget: { max_usd: 1 } }, /not known/],
    [{ usd: null, tokens: 0, budget: { max_usd: 1 } }, undefined],
  ] as [Facts, RegExp | undefined][])('%o: %s', (facts, why) => {
    const told = whyItStays(failed(facts), NOW);
    if (why === undefined) expect(told).toBeUndefined();
    else expect(told).toMatch(why);
  });

  it('a day after its end', () => {
    expect(whyItStays(failed(), NOW + 23 * 3_600_000)).toBeUndefined();
    expect(whyItStays(failed(), NOW + 25 * 3_600_000)).toMatch(/day/);
  });
});

it('a move buys no new budget', () => {
  const budget = { max_tokens: 50_000, max_usd: 1, lifetime: { max_turns: 7 } };
  expect(remainingBudget(failed({ budget }))).toEqual({
    left: {
      wall_seconds: 800,
      idle_seconds: 600,
      max_turns: 98,
      max_tokens: 49_000,
      max_usd: 0.75,
      lifetime: { max_turns: 7 },
    },
  });
});

it('every run before is told of, oldest first', () => {
  const until = '2026-11-21T11:00:00.000Z';
  expect(movedFrom(failed({ moves: 1 }), until)).toMatchObject([
    { run_id: 'run_x' },
    { run_id: 'run_failed', profile: 'env:a', model: 'a-model', class: 'rate_limited', until },
  ]);
});
