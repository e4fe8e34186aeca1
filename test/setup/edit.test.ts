import { describe, expect, it } from 'vitest';
import { renderDifference, renderEdits } from '../../src/setup/diff.ts';
import { applyEdits, cutOut } from '../../src/setup/edit.ts';
import { lineEdits } from '../../src/setup/line-edits.ts';
import { Machine, textOf } from './machine.ts';

describe('taking pieces out again', () => {
  it('leaves a piece that is there twice, or not any more', () => {
    expect(cutOut('a-b-a', ['a'])).toBeUndefined();
    expect(cutOut('a-b-a', ['c'])).toBeUndefined();
    expect(cutOut('a-b-c', ['a', '-c'])).toBe('-b');
  });

  it('keeps what came behind it on a line of its own', () => {
    expect(cutOut('x = 1\n\n[ours]\n[theirs]\n', ['\n\n[ours]\n'], { byLine: true })).toBe(
      'x = 1\n[theirs]\n',
    );
    expect(cutOut('x = 1\n\n[ours]\n', ['\n\n[ours]\n'], { byLine: true })).toBe('x = 1');
  });

  it.each(['\n', '\r\n'])('also in a real file that had no end of line (%j)', async (eol) => {
    const machine = new Machine();
    machine.write(machine.config, `a = 1${eol}b = 2`);
    await machine.setup();
    machine.write(machine.config, `${textOf(machine.config)}[theirs]${eol}c = 3${eol}`);
    await machine.uninstall();
    expect(textOf(machine.config)).toBe(`a = 1${eol}b = 2${eol}[theirs]${eol}c = 3${eol}`);
  });
});

describe('a preview', () => {
  it('shows whole lines and their numbers', () => {
    const text = 'one\ntwo\nthree\n';
    const edits = [
      { at: 0, remove: 0, insert: 'zero\n' },
      { at: 4, remove: 4, insert: '' },
      { at: 14, remove: 0, insert: 'four\n' },
    ];
    expect(applyEdits(text, edits)).toBe('zero\none\nthree\nfour\n');
    expect(renderEdits(text, edits)).toBe(
      ['@@ -1,0 +1,1 @@', '+zero', '@@ -2,1 +3,0 @@', '-two', '@@ -4,0 +4,1 @@', '+four'].join(
        '\n',
      ),
    );
  });

  it('shows the line in which something changes', () => {
    expect(renderDifference('a\nkey: 1\nb\n', 'a\nkey: 2\nb\n')).toBe(
      '@@ -2,1 +2,1 @@\n-key: 1\n+key: 2',
    );
  });

  it('hides what looks like a key', () => {
    const key = `sk-ant-${'a1'.repeat(20)}`;
    expect(renderDifference(`k = "${key}"\n`, '')).not.toContain(key);
  });

  it.each([
    [
      'a last line that gets a comma',
      '{\n  "key": "never-shown"\n}\n',
      '{\n  "key": "never-shown",\n  "a": {"b": 1}\n}\n',
    ],
    ['a file of one line', '{"key":"never-shown"}', '{"key":"never-shown","a":{"b": 1}}'],
    [
      'a last line without its end',
      'key = "never-shown"',
      'key = "never-shown"\n\n[a]\nb = "b": 1\n',
    ],
    [
      'lines between two changes',
      'x = 1\nkey = "never-shown"\n',
      '# new\nx = 1\nkey = "never-shown"\n"b": 1\n',
    ],
  ])('never shows what stays: %s', (_, before, after) => {
    for (const diff of [renderDifference(before, after), renderDifference(after, before)]) {
      expect(diff).not.toContain('never-shown');
      expect(diff).toContain('"b": 1');
    }
  });

  it('differs in nothing that it does not show', () => {
    const words = ['a\n', 'b\n', 'c\n', 'ab\r\n', '\n', 'x'];
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const text = () => Array.from({ length: next(9) }, () => words[next(words.length)]).join('');
    for (let round = 0; round < 500; round += 1) {
      const [before, after] = [text(), text()];
      expect(applyEdits(before, lineEdits(before, after))).toBe(after);
    }
  });
});
