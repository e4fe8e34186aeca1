import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { byteLength } from '../../src/core/text.ts';
import { boundResult, DEFAULT_RESULT_BYTES, MAX_RESULT_BYTES } from '../../src/tools/result.ts';
import { machine } from './face.ts';

const home = () => machine().host.home;

function bytes(value: unknown): number {
  return byteLength(JSON.stringify(value));
}

function noteOf(result: Record<string, unknown>): {
  left_out: Record<string, string>;
  file: string;
} {
  return result.truncated as ReturnType<typeof noteOf>;
}

test('a result under the ceiling is passed on as it is', async () => {
  const result = { list: [1, 2, 3] };
  expect(await boundResult({ name: 'cc_x' }, result, home())).toBe(result);
});

test('records are left out whole, and the file has all of them', async () => {
  const records = Array.from({ length: 500 }, (_, index) => ({ id: index, text: 'x'.repeat(50) }));
  const full = { total: 500, records };
  const bounded = await boundResult({ name: 'cc_x' }, full, home());
  expect(bytes(bounded)).toBeLessThanOrEqual(DEFAULT_RESULT_BYTES);
  const kept = bounded.records as unknown[];
  expect(kept.length).toBeGreaterThan(80);
  expect(kept).toEqual(records.slice(0, kept.length));
  expect(bounded.total).toBe(500);
  expect(noteOf(bounded).left_out).toEqual({ records: `${500 - kept.length} of 500` });
  expect(JSON.parse(readFileSync(noteOf(bounded).file, 'utf8'))).toEqual(full);
});

test('lines of a text are left out whole, and the file has all of them', async () => {
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index} "quoted" \\ é`);
  const text = lines.join('\n');
  const tool = { name: 'cc_x', format: 'text', maxBytes: 40_000 } as const;
  const bounded = await boundResult(tool, { text }, home());
  expect(bytes(bounded)).toBeLessThanOrEqual(40_000);
  const shown = String(bounded.text).split('\n');
  const note = shown.pop() ?? '';
  expect(shown).toEqual(lines.slice(0, shown.length));
  const [, count, file = ''] =
    /^\[(\d+) of 2000 lines shown; all of them: (.+)\]$/.exec(note) ?? [];
  expect(Number(count)).toBe(shown.length);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

const huge = '"'.repeat(1 << 20);
const many = (length: number, item: unknown) => Array.from({ length }, () => item);
const tree = (depth: number): unknown =>
  depth === 0 ? 'leaf'.repeat(20) : many(4, tree(depth - 1));

test.each([
  ['one huge string', { id: 'run_1', answer: huge }],
  ['one huge record', { id: 'run_1', records: [huge] }],
  ['huge and small records', { id: 'run_1', records: ['small', huge, 'small'] }],
  ['nested lists', { id: 'run_1', tree: tree(6) }],
  ['a deep object', { id: 'run_1', a: { b: { c: many(5000, 'x') } } }],
  ['two long lists', { id: 'run_1', a: many(5000, 'aaa'), b: many(5000, 'bbb') }],
  ['emoji', { id: 'run_1', a: many(3000, '😀😀😀') }],
  ['very many small fields', Object.fromEntries(many(4000, 0).map((_, at) => [`field_${at}`, at]))],
  ['very many empty lists', Object.fromEntries(many(4000, 0).map((_, at) => [`field_${at}`, []]))],
  ['undefined fields', { id: 'run_1', gone: undefined, answer: huge }],
])('never over the ceiling: %s', async (_what, full: Record<string, unknown>) => {
  for (const maxBytes of [undefined, 1500, 40_000, 1_000_000]) {
    const tool = { name: 'cc_x', ...(maxBytes === undefined ? {} : { maxBytes }) };
    const bounded = await boundResult(tool, full, home());
    expect(bytes(bounded)).toBeLessThanOrEqual(Math.min(maxBytes ?? 8000, MAX_RESULT_BYTES));
    if (bounded === full) continue;
    const stored = JSON.parse(readFileSync(noteOf(bounded).file, 'utf8'));
    expect(stored).toEqual(JSON.parse(JSON.stringify(full)));
    if ('id' in full) expect(bounded.id).toBe('run_1');
  }
});

test('one huge line of text leaves only the note', async () => {
  const bounded = await boundResult({ name: 'cc_x', format: 'text' }, { text: huge }, home());
  expect(String(bounded.text)).toMatch(/^\[0 of 1 lines shown; all of them: /);
});

test('where nothing can be stored, the result still comes and says so', async () => {
  const place = machine();
  const nowhere = { ...place.host.home, spilled: '/dev/null/none' };
  const bounded = await boundResult({ name: 'cc_x' }, { list: many(5000, 'xxx') }, nowhere);
  expect(bytes(bounded)).toBeLessThanOrEqual(DEFAULT_RESULT_BYTES);
  expect(noteOf(bounded).file).toContain('not stored');
});
