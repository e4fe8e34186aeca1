import { describe, expect, it } from 'vitest';
import { byteLength } from '../../../src/core/text.ts';
import { ROLES } from '../../../src/core/vocabulary.ts';
import type { Spending } from '../../../src/runs/usage/spending.ts';
import { SUMMARY_BYTES, summariseUsage, usageSummary } from '../../../src/runs/usage/summary.ts';

const DAY = { from: '2026-11-20', to: '2026-11-20', unreadable: [] };

function run(change: Partial<Spending> = {}): Spending {
  return {
    run_id: 'run_20261120t120000000z_aaaaaaaa',
    ended: '2026-11-20T12:00:00.000Z',
    role: 'review',
    profile: 'env:test',
    model: 'model-a',
    by_model: { 'model-a': { input: 100, output: 20, cache_read: 50, cache_write: 5, usd: 0.25 } },
    usd: 0.25,
    usd_source: 'profile',
    complete: true,
    state: 'succeeded',
    failure: 'success',
    elapsed_ms: 10_000,
    model_calls: 3,
    budget_stop: false,
    route_mismatch: false,
    ...change,
  };
}

const FREE = { 'model-x': { input: 1000, output: 200, cache_read: 0, cache_write: 0 } };

function summary(ended: Spending[], about: Partial<typeof DAY> = {}, active: Spending[] = []) {
  const usage = { ended, active, unreadable: 0 };
  return summariseUsage(new Map([['/project', usage]]), { ...DAY, ...about });
}

describe('a summary of usage', () => {
  it('counts failed and stopped work in, and shows it', () => {
    const result = summary([
      run(),
      run({ state: 'failed', failure: 'rate_limited' }),
      run({ state: 'cancelled', failure: 'interrupted', complete: false }),
      run({ state: 'stopped_limit', failure: 'stopped_limit', budget_stop: true }),
    ]);
    expect(result.total).toEqual({
      runs: 4,
      failed: 3,
      input: 400,
      output: 80,
      cache_read: 200,
      cache_write: 20,
      usd: 1,
      lower_bound: 1,
      model_calls: 12,
      elapsed_s: 40,
      budget_stops: 1,
    });
    expect(result.states).toEqual({ succeeded: 1, failed: 1, cancelled: 1, stopped_limit: 1 });
    expect(result.failures).toEqual({ rate_limited: 1, interrupted: 1, stopped_limit: 1 });
    expect(usageSummary.strict().safeParse(result).error).toBeUndefined();
  });

  it('keeps an unknown price apart and never adds it as 0', () => {
    const unknown = run({ by_model: FREE, usd: null, usd_source: 'unknown' });
    expect(summary([unknown, unknown]).total).toMatchObject({
      usd: null,
      unknown_price: { runs: 2, tokens: 2400 },
    });
    const mixed = run({ by_model: { ...run().by_model, ...FREE }, usd: null });
    expect(summary([run(), mixed]).total).toMatchObject({
      usd: 0.5,
      unknown_price: { runs: 1, tokens: 1200 },
    });
    expect(summary([run()]).total).not.toHaveProperty('unknown_price');
    expect(summary([]).total).toMatchObject({ runs: 0, usd: 0 });
  });

  it('tells declared and actual models apart', () => {
    const mismatch = run({ model: 'model-b', by_model: FREE, usd: null, route_mismatch: true });
    const nobody = run({
      model: null,
      by_model: {},
      usd: null,
      state: 'failed',
      failure: 'network',
    });
    const result = summary([run(), mismatch, nobody]);
    expect(result.by_declared_model.map(({ name, runs }) => [name, runs])).toEqual([
      ['model-b', 1],
      ['model-a', 1],
      ["(the worker's default)", 1],
    ]);
    expect(result.by_actual_model.map(({ name, usd }) => [name, usd])).toEqual([
      ['model-x', null],
      ['model-a', 0.25],
      ['(none answered)', null],
    ]);
    expect(result.total.route_mismatches).toBe(1);
  });

  it('gives a model only its own share of a run', () => {
    const both = run({ by_model: { ...run().by_model, ...FREE }, usd: null });
    const rows = summary([both]).by_actual_model;
    expect(rows).toMatchObject([
      { name: 'model-x', input: 1000, usd: null, unknown_price: { runs: 1, tokens: 1200 } },
      { name: 'model-a', input: 100, usd: 0.25 },
    ]);
    expect(rows[1]).not.toHaveProperty('unknown_price');
  });

  it('shows days only where there are several, and projects likewise', () => {
    const days = ['2026-11-18', '2026-11-20', '2026-11-19'].map((day) =>
      run({ ended: `${day}T00:00:00.000Z` }),
    );
    expect(summary(days)).not.toHaveProperty('by_day');
    const rows = summary(days, { from: '2026-11-18' }).by_day?.map(({ name }) => name);
    expect(rows).toEqual(['2026-11-20', '2026-11-19', '2026-11-18']);
    const usage = { ended: days, active: [], unreadable: 0 };
    const two = new Map([
      ['/one', usage],
      ['/two', usage],
    ]);
    expect(summariseUsage(two, DAY).by_project).toMatchObject([{ name: '/one' }, { name: '/two' }]);
  });

  it('keeps what active runs have used so far out of the total', () => {
    const { ended: _ended, failure: _failure, ...rest } = run();
    const active = { ...rest, state: 'running', complete: false };
    expect(summary([], {}, [active, active])).toMatchObject({
      total: { runs: 0, input: 0 },
      active: { runs: 2, input: 200, usd: 0.5, lower_bound: 2 },
    });
  });

  it('says what could not be read', () => {
    const usage = { ended: [], active: [], unreadable: 3 };
    const result = summariseUsage(new Map([['/p', usage]]), { ...DAY, unreadable: ['/gone'] });
    expect(result).toMatchObject({ unreadable_lines: 3, unreadable_projects: ['/gone'] });
  });
});

describe('a thousand runs', () => {
  const STATES = ['succeeded', 'failed', 'timed_out', 'cancelled', 'stopped_limit'];
  const CLASSES = ['success', 'auth_failed', 'billing', 'rate_limited', 'provider_overload'].concat(
    ['context_overflow', 'network', 'timeout', 'no_output', 'stalled', 'crashed', 'interrupted'],
  );

  /** Many of everything, long names, some without a price, some cut short. */
  function thousand(): Spending[] {
    return Array.from({ length: 1000 }, (_, at) => {
      const model = `vendor/model-with-a-rather-long-name-of-a-gateway-${at % 40}`;
      const count = {
        input: 90_000 + at,
        output: 4000,
        cache_read: 1_000_000,
        cache_write: 50_000,
      };
      return run({
        run_id: `run_${at}`,
        ended: `2026-${String((at % 12) + 1).padStart(2, '0')}-${String((at % 28) + 1).padStart(2, '0')}T01:02:03.000Z`,
        role: ROLES[at % ROLES.length] ?? 'review',
        model: at % 50 === 0 ? null : `${model}-declared`,
        by_model: { [model]: at % 3 === 0 ? count : { ...count, usd: 0.123456 } },
        usd: at % 3 === 0 ? null : 0.123456,
        complete: at % 5 !== 0,
        state: STATES[at % STATES.length] ?? 'failed',
        failure: CLASSES[at % CLASSES.length] ?? 'unknown',
        budget_stop: at % 7 === 0,
        route_mismatch: at % 11 === 0,
      });
    });
  }

  it('fit into 4 kB, whatever they are, and every list adds up to the whole', () => {
    const runs = thousand();
    const { ended: _ended, failure: _failure, ...active } = run({ state: 'running' });
    const projects = new Map(
      Array.from({ length: 20 }, (_, at) => [
        `/home/somebody/with/a/long/path/to/their/projects/project-${at}`,
        {
          ended: runs.filter((_, index) => index % 20 === at),
          active: [active],
          unreadable: 1,
        },
      ]),
    );
    const about = {
      from: '2026-01-01',
      to: '2026-12-31',
      unreadable: Array.from({ length: 30 }, (_, at) => `/mnt/some/where/else/project-${at}`),
    };
    const result = summariseUsage(projects, about);
    expect(byteLength(JSON.stringify(result))).toBeLessThanOrEqual(SUMMARY_BYTES);
    const { total } = result;
    expect(total.runs).toBe(1000);
    for (const rows of [result.by_day, result.by_role, result.by_declared_model].concat([
      result.by_actual_model,
      result.by_project,
    ])) {
      expect(rows?.length).toBeGreaterThan(1);
      expect(rows?.at(-1)?.name).toMatch(/^\(\d+ (others|earlier days)\)$/);
      for (const kind of ['runs', 'failed', 'input', 'cache_read', 'lower_bound'] as const) {
        expect(rows?.reduce((sum, row) => sum + (row[kind] ?? 0), 0)).toBe(total[kind]);
      }
      const usd = rows?.reduce((sum, row) => sum + (row.usd ?? 0), 0) ?? 0;
      expect(usd).toBeCloseTo(total.usd ?? 0, 2);
      const unknown = rows?.reduce((sum, row) => sum + (row.unknown_price?.tokens ?? 0), 0);
      expect(unknown).toBe(total.unknown_price?.tokens);
    }
    const failures = Object.values(result.failures ?? {}).reduce((sum, count) => sum + count, 0);
    expect(failures).toBe(total.failed);
  });
});
