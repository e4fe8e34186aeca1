import { expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { RUN_STATES } from '../../src/core/vocabulary.ts';
import type { LiveRun } from '../../src/runs/view.ts';
import {
  formatCursor,
  gistOf,
  isEndMark,
  markOf,
  parseCursor,
} from '../../src/runs/wait-cursor.ts';
import { machine } from '../mcp/face.ts';
import { storeFinishedRun } from '../mcp/runs.ts';

test('a cursor holds whole run ids, of any time', () => {
  const told = new Map([
    [newId('run', new Date()), 's0a1b2'],
    ['run_00000000t000000000z_22222222', 'r'],
    ['run_99999999t999999999z_zzzzzzzz', 'r0a1b2c3d4e'],
  ]);
  const cursor = formatCursor(told);
  expect(parseCursor(cursor)).toEqual(told);
  expect(cursor.length).toBeLessThan(80);
  expect(parseCursor('')).toEqual(new Map());
});

test('every state has a mark, and only endings are marked as such', async () => {
  const { record, paths } = await storeFinishedRun(machine());
  const { outcome: _outcome, ...going } = record;
  const workspace = { root: record.workspace, base: '' };
  for (const state of RUN_STATES) {
    const run: LiveRun = { run: { workspace, paths, record: going }, state, summary: undefined };
    const ended = ['succeeded', 'failed', 'timed_out', 'cancelled', 'stopped_limit'];
    expect(isEndMark(markOf(run)), state).toBe(ended.includes(state));
    expect(parseCursor(formatCursor(new Map([[record.run_id, markOf(run)]]))).size).toBe(1);
  }
});

test('a mark changes with the wording, its gist with the kind of attention only', async () => {
  const { record, paths } = await storeFinishedRun(machine());
  const workspace = { root: record.workspace, base: '' };
  const mark = (kinds: number, ...attention: string[]) =>
    markOf({
      run: { workspace, paths, record },
      state: 'running',
      summary: { attention, insight: { mark: kinds } } as LiveRun['summary'],
    });
  expect(mark(0)).toBe('r');
  expect(mark(0, '3 retries')).toBe('r');
  expect(mark(1, '3 refused')).not.toBe(mark(1, '4 refused'));
  expect(gistOf(mark(1, '3 refused'))).toBe(gistOf(mark(1, '4 refused')));
  expect(gistOf(mark(1, '3 refused'))).not.toBe(gistOf(mark(3, '3 refused', 'stalled')));
});
