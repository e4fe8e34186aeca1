import { expect, it } from 'vitest';
import type { Catalogue, CatalogueEntry } from '../../../src/runs/retention/catalogue.ts';
import { type Limits, selectRuns } from '../../../src/runs/retention/select.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');
const NONE: Limits = { days: null, max_runs: null, max_bytes: null, keep_newest: 0 };

/** Runs a, b, c, … of which the first ended longest ago; one day lies between two. */
function catalogue(
  runs: Record<string, Partial<CatalogueEntry>>,
  sessions: Record<string, number> = {},
): Catalogue {
  const ids = Object.keys(runs);
  return {
    runs: new Map(
      ids.map((id, at) => {
        const ended = new Date(NOW.getTime() - (ids.length - at) * 86_400_000).toISOString();
        return [id, { ended, bytes: 100, root: id, session: null, ...runs[id] }];
      }),
    ),
    sessions: new Map(Object.entries(sessions)),
    ids,
    stillborn: [],
  };
}

const five = () => catalogue({ a: {}, b: {}, c: {}, d: {}, e: {} });
const removed = (from: Catalogue, limits: Partial<Limits>, busy: string[] = []) =>
  selectRuns(from, new Set(busy), { ...NONE, ...limits }, NOW).remove.map(({ run_id }) => run_id);

it('removes what is too old and says so', () => {
  const { remove, kept } = selectRuns(five(), new Set(), { ...NONE, days: 3 }, NOW);
  expect(remove).toMatchObject([
    { run_id: 'a', reason: 'ended 5 days ago', bytes: 100 },
    { run_id: 'b', reason: 'ended 4 days ago' },
  ]);
  expect(kept).toEqual({ runs: 3, bytes: 300 });
});

it('removes nothing without limits', () => {
  expect(removed(five(), {})).toEqual([]);
});

it('removes the oldest of too many, and of too large', () => {
  expect(removed(five(), { max_runs: 2 })).toEqual(['a', 'b', 'c']);
  expect(removed(five(), { max_bytes: 250 })).toEqual(['a', 'b', 'c']);
  expect(removed(five(), { max_bytes: 500, max_runs: 5 })).toEqual([]);
  const large = catalogue({ a: {}, b: { bytes: 10_000 }, c: {} });
  expect(removed(large, { max_bytes: 250 })).toEqual(['a', 'b']);
});

it('never removes one of the newest, however old and large', () => {
  expect(removed(five(), { days: 1, keep_newest: 3 })).toEqual(['a', 'b']);
  expect(removed(five(), { max_bytes: 1, keep_newest: 3 })).toEqual(['a', 'b']);
  expect(removed(five(), { days: 1, keep_newest: 100 })).toEqual([]);
});

it('counts active runs among the newest, though they are in no list', () => {
  const from = five();
  from.ids.push('f', 'g');
  expect(removed(from, { days: 1, keep_newest: 3 })).toEqual(['a', 'b', 'c', 'd']);
});

it('never removes a run whose task goes on', () => {
  const from = catalogue({ a: {}, b: { root: 'a' }, c: {}, d: { root: 'z' } });
  expect(removed(from, { max_runs: 1 }, ['a'])).toEqual(['c', 'd']);
  expect(removed(from, { max_runs: 1 }, ['z'])).toEqual(['a', 'b', 'c']);
});

it('counts a session once, and frees it with the last run that refers to it', () => {
  const from = catalogue({ a: { session: 's' }, b: { session: 's' }, c: {} }, { s: 1000 });
  const { remove, kept } = selectRuns(from, new Set(), { ...NONE, days: 1.5 }, NOW);
  expect(remove.map(({ run_id, bytes }) => [run_id, bytes])).toEqual([
    ['a', 100],
    ['b', 1100],
  ]);
  expect(kept).toEqual({ runs: 1, bytes: 100 });
  expect(removed(from, { max_bytes: 1150 })).toEqual(['a', 'b']);
});
