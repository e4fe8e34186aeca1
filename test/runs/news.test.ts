import { describe, expect, it } from 'vitest';
import { foldNews, newsOf } from '../../src/runs/news.ts';
import { runEvent } from '../support/captures.ts';

const used = (tool: string, target: string) => ({ type: 'cc.tool.used', tool, target });
const quiet = { type: 'cc.tool.finished', ok: true };
const lines = (...events: object[]) =>
  foldNews(
    events.map((one, at) => runEvent(one, at + 1)),
    '/p',
  );

describe('news', () => {
  it('folds what only looks, and says what it looked at', () => {
    expect(
      lines(
        used('Read', '/p/a'),
        quiet,
        used('Read', '/p/b'),
        quiet,
        used('Grep', 'x'),
        used('Grep', 'x'),
      ),
    ).toEqual([
      { first: 1, last: 3, text: 'Read ×2: a, b' },
      { first: 5, last: 6, text: 'Grep x ×2' },
    ]);
    const many = Array.from({ length: 7 }, (_, at) => used('Grep', `p${at}`));
    expect(lines(...many)).toEqual([{ first: 1, last: 7, text: 'Grep ×7: p0, p1, p2, …' }]);
  });

  it('keeps commands and changes apart, but for the very same', () => {
    expect(
      newsOf([
        runEvent(used('Bash', 'make')),
        runEvent(used('Bash', 'make')),
        runEvent(used('Bash', 'ls')),
      ]),
    ).toEqual(['Bash make ×2', 'Bash ls']);
  });

  it('tells flags and findings', () => {
    const flag = { type: 'cc.flag.raised', code: 'stalled', severity: 'medium', evidence: 'why' };
    expect(lines(flag, { type: 'cc.finding.made', text: 'tests fail: x' })).toEqual([
      { first: 1, last: 1, text: 'flag stalled (medium): why' },
      { first: 2, last: 2, text: 'found: tests fail: x' },
    ]);
  });

  it('says how far the plan of the worker is', () => {
    const todos = [
      { text: 'look', state: 'completed' },
      { text: 'repair', state: 'in_progress' },
    ];
    const plan = { ...used('TodoWrite', ''), todos };
    expect(lines(plan, plan, { ...plan, todos: [] }).map(({ text }) => text)).toEqual([
      'plan: 1 of 2 done, now: "repair" ×2',
      'plan: 0 of 0 done',
    ]);
  });

  it('is one short line each', () => {
    const [line] = lines({ type: 'cc.message', text: `a\n\u001b[2Jb ${'x'.repeat(500)}` });
    expect(line?.text).toMatch(/^says: a b x+…$/);
    expect(line?.text.length).toBe(160);
  });
});
