/** Where a known value stands in a text, whole or for the most part. */
export type KnownMatch = { start: number; end: number; secret: string };

const MIN_LENGTH = 6;
/** Shorter encoded forms would be found in ordinary text. */
const MIN_ENCODED = 10;
/** Any so long a piece of a value is hidden, wherever the rest of it is. */
const PIECE = 16;
/** A value must be so long for a piece of it to say something. */
const LONG = 24;
/** Least piece at the edge of a text, where the rest may stand in the next one. */
const EDGE_PIECE = 8;
const GRAM = 4;

type Needle = { form: string; secret: string };

/**
 * Exact values (tokens of profiles), found as they are and as base64 or hexadecimal text, and in
 * pieces. One pass over the text, however many there are: its grams of four characters are looked up
 * among those of the values.
 */
export class KnownSecrets {
  readonly #seen = new Set<string>();
  readonly #grams = new Map<number, { needle: Needle; at: number }[]>();
  readonly #bits = new Uint8Array(1 << 16);

  constructor(values: Iterable<string> = []) {
    this.add(values);
  }

  add(values: Iterable<string>): void {
    for (const secret of values) {
      if (secret.length < MIN_LENGTH || this.#seen.has(secret)) continue;
      this.#seen.add(secret);
      for (const form of formsOf(secret)) this.#index({ form, secret });
    }
  }

  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  /** Every place where one of them stands, in order of their ends. */
  find(text: string): KnownMatch[] {
    const found: KnownMatch[] = [];
    if (this.isEmpty || text.length < MIN_LENGTH) return found;
    const end = endOf(text);
    let hash = 0;
    for (let at = 0; at < text.length; at += 1) {
      hash = ((hash << 5) ^ text.charCodeAt(at)) & 0xffff;
      if (this.#bits[hash] === 0 || at < GRAM - 1) continue;
      let longest: KnownMatch | undefined;
      for (const entry of this.#grams.get(hash) ?? []) {
        const match = matchAround(text, end, at - GRAM + 1, entry);
        if (match !== undefined && match.end > (longest?.end ?? 0)) longest = match;
      }
      if (longest === undefined) continue;
      found.push(longest);
      // On behind it, lest a value of few different characters is found at every one of them.
      at = Math.max(at, longest.end - GRAM);
      hash = hashOf(text, at - GRAM + 1);
    }
    return found;
  }

  #index(needle: Needle): void {
    const { form } = needle;
    const last = form.length - GRAM;
    // A piece of PIECE characters holds at least one of these.
    const step = PIECE - GRAM + 1;
    const positions = new Set([last]);
    for (let at = 0; at <= last; at += step) positions.add(at);
    for (const at of positions) {
      const hash = hashOf(form, at);
      this.#bits[hash] = 1;
      this.#grams.set(hash, [...(this.#grams.get(hash) ?? []), { needle, at }]);
    }
  }
}

function hashOf(text: string, from: number): number {
  let hash = 0;
  for (let at = from; at < from + GRAM; at += 1) {
    hash = ((hash << 5) ^ text.charCodeAt(at)) & 0xffff;
  }
  return hash;
}

/** The longest piece of the value around one of its grams, where it is long enough to matter. */
function matchAround(
  text: string,
  textEnd: number,
  position: number,
  { needle: { form, secret }, at }: { needle: Needle; at: number },
): KnownMatch | undefined {
  let left = 0;
  while (
    left < at &&
    left < position &&
    text.charCodeAt(position - left - 1) === form.charCodeAt(at - left - 1)
  ) {
    left += 1;
  }
  let right = 0;
  while (
    at + right < form.length &&
    position + right < text.length &&
    text.charCodeAt(position + right) === form.charCodeAt(at + right)
  ) {
    right += 1;
  }
  if (right < GRAM) return undefined;
  const length = left + right;
  const start = position - left;
  const end = position + right;
  const isWhole = length === form.length;
  const isPiece = form.length >= LONG && length >= PIECE;
  const isFirstHalf = left === at && end >= textEnd;
  const isSecondHalf = at + right === form.length && start === 0;
  const isEdge =
    (isFirstHalf || isSecondHalf) && length >= Math.max(EDGE_PIECE, Math.ceil(form.length / 3));
  return isWhole || isPiece || isEdge ? { start, end, secret } : undefined;
}

/** Where a text ends but for the sign that it was cut, and blanks. */
function endOf(text: string): number {
  let end = text.length;
  while (end > 0 && /[\s…"'\\]/.test(text[end - 1] ?? '')) end -= 1;
  return end;
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((shift) => {
    const core = base64Core(bytes, shift);
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const encoded = [hex, hex.toUpperCase(), ...base64].filter(({ length }) => length >= MIN_ENCODED);
  return [...new Set([secret, ...encoded])];
}

/** The characters of a base64 text that depend on these bytes alone, after `shift` others. */
function base64Core(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + bytes.length) * 8) / 6);
  return text.slice(first, last);
}
