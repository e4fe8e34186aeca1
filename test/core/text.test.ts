import { describe, expect, it } from 'vitest';
import { byteLength, neutralise, oneLine, plural, truncate } from '../../src/core/text.ts';

describe('truncate', () => {
  it('leaves what fits', () => {
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('', 0)).toBe('');
  });

  it('marks what it cut and stays within the limit', () => {
    expect(truncate('abcd', 3)).toBe('ab…');
    expect(truncate('abcd', 1)).toBe('…');
    expect(truncate('abcd', 0)).toBe('');
    expect(truncate('abcd', -5)).toBe('');
  });

  it('never leaves half of a surrogate pair', () => {
    const text = '👍👍👍👍';
    for (let max = 0; max <= text.length; max += 1) {
      const cut = truncate(text, max);
      expect(cut.length).toBeLessThanOrEqual(max);
      expect(() => encodeURIComponent(cut)).not.toThrow();
    }
  });
});

describe('neutralise', () => {
  it.each([
    ['colours', '\u001b[1;31mred\u001b[0m', 'red'],
    ['colours with colons', '\u001b[38:2::255:0:0mred\u001b[m', 'red'],
    ['private modes', '\u001b[?25lhidden\u001b[?25h', 'hidden'],
    ['key protocol sequences', '\u001b[>4;2mx\u001b[<u', 'x'],
    ['titles', '\u001b]0;evil title\u0007text', 'text'],
    ['links', '\u001b]8;;https://x.invalid\u001b\\label\u001b]8;;\u001b\\', 'label'],
    ['an unfinished sequence', 'a\u001b[12', 'a[12'],
    ['carriage returns', 'a\r\nb\rc', 'a\nb\nc'],
    ['NUL, backspace, DEL and C1', 'a\0b\bc\u007fd\u0085e\u009bf', 'abcdef'],
    ['bidi controls', 'a\u202eb\u2066c\u2069d\u202ce', 'abcde'],
  ])('removes %s', (_, text, expected) => {
    expect(neutralise(text)).toBe(expected);
  });

  it('keeps tab, newline and all other Unicode', () => {
    const text = 'a\tb\nä 漢字 👩‍👩‍👧 עברית \u2028 \ufeff';
    expect(neutralise(text)).toBe(text);
  });

  it('does not build a new sequence out of the rest of a removed one', () => {
    expect(neutralise('\u001b\u001b[0m[31mx')).not.toContain('\u001b');
  });

  it('takes linear time on text made to hurt', () => {
    const text = `${'\u001b]'.repeat(200_000)}${'\u001b[0;'.repeat(200_000)}`;
    expect(neutralise(text)).not.toContain('\u001b');
  });
});

it('oneLine collapses all white space', () => {
  expect(oneLine('  a\n\n b\t\u2028c \u001b[0m ', 20)).toBe('a b c');
  expect(oneLine('abcdefgh', 5)).toBe('abcd…');
});

it('byteLength counts bytes', () => {
  expect(byteLength('aä漢👍')).toBe(1 + 2 + 3 + 4);
});

it.each([
  [0, '0 files'],
  [1, '1 file'],
  [2, '2 files'],
])('counts %i as %s', (count, text) => {
  expect(plural(count, 'file')).toBe(text);
  expect(plural(count, 'is left', 'are left')).toBe(`${count} ${count === 1 ? 'is' : 'are'} left`);
});
