/** Bits per character: 0 for `aaaa`, about 3.5 for 32 random hexadecimal digits, 4.3 for 24 of base64. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) {
    const share = count / text.length;
    bits -= share * Math.log2(share);
  }
  return bits;
}

const RANDOM_BITS = 3;
const RANDOM_LENGTH = 12;

/** Letters and digits in no order a person would choose: a key and not a word, a name or a number. */
export function looksRandom(text: string): boolean {
  return (
    text.length >= RANDOM_LENGTH &&
    /\d/.test(text) &&
    /[A-Za-z]/.test(text) &&
    entropy(text) >= RANDOM_BITS
  );
}
