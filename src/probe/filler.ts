/**
 * Text of about `words` tokens: short English words, which are one token each to every tokenizer, and
 * four bytes long with their space, which is also how Claude Code estimates (bytes / 4).
 */
export function fillerText(
  words: number,
  needles: readonly { /** 0 is the start, 1 the end. */ at: number; line: string }[],
): string {
  const lines: string[] = [];
  for (let used = 0, seed = 1; used < words; used += WORDS_PER_LINE) {
    const line: string[] = [];
    for (let index = 0; index < WORDS_PER_LINE; index += 1) {
      // A text that repeats itself would be easier than any real one.
      seed = (seed * 48_271) % 2_147_483_647;
      line.push(WORDS[seed % WORDS.length] ?? 'the');
    }
    lines.push(line.join(' '));
  }
  const places = needles.map(({ at, line }) => ({ line, index: Math.round(at * lines.length) }));
  for (const { index, line } of places.sort((a, b) => b.index - a.index)) {
    lines.splice(index, 0, line);
  }
  return lines.join('\n');
}

const WORDS_PER_LINE = 8;
const WORDS = [
  ...['the', 'sun', 'red', 'dog', 'ran', 'far', 'and', 'saw', 'old', 'man', 'sit', 'low'],
  ...['big', 'cat', 'hot', 'day', 'sea', 'sky', 'top', 'box', 'car', 'cup', 'ice', 'key'],
  ...['map', 'net', 'oil', 'pen', 'run', 'six', 'tea', 'two', 'way', 'win', 'yes', 'air'],
] as const;
