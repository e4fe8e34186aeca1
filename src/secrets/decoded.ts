/** A text with its escapes undone, and where each of its characters stood. */
export type View = {
  text: string;
  /** Position in the original of every character, and of the end. */
  at: Uint32Array;
};

const MAX_DEPTH = 3;
const BREAK = /\r?\n[ \t]*/g;
const ESCAPED = /\\|%[2-7][0-9A-Fa-f]|&(?:#|amp;|quot;|lt;|gt;|apos;)/;
const ANY_ESCAPED = new RegExp(ESCAPED, 'g');
/** A text up to this size is decoded as a whole, of a larger one this much around each escape. */
const SMALL = 1 << 14;
const AROUND = 400;
const PIECE =
  /\\u\{?([0-9A-Fa-f]{4})\}?|\\x([0-9A-Fa-f]{2})|\\([nrtbf"'`/\\])|%([2-7][0-9A-Fa-f])|&#(\d{2,3});|&#x([0-9A-Fa-f]{2});|&(amp|quot|lt|gt|apos);/g;
const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  amp: '&',
  quot: '"',
  lt: '<',
  gt: '>',
  apos: "'",
};

/**
 * A text as it would read with the escapes of JSON, URLs and HTML undone: once, twice (JSON quoted in
 * JSON) and a third time. Of a large text only the surroundings of its escapes. Empty where there is
 * nothing to undo, and that is nearly always.
 */
export function decodedViews(text: string): View[] {
  if (!ESCAPED.test(text)) return [];
  return windowsOf(text).flatMap(([from, to]) => {
    const views: View[] = [];
    let last: string = text.slice(from, to);
    for (let at: Uint32Array | undefined; views.length < MAX_DEPTH && ESCAPED.test(last); ) {
      const view = decode(last, at, from);
      if (view === undefined) break;
      views.push(view);
      ({ text: last, at } = view);
    }
    return views;
  });
}

function windowsOf(text: string): [from: number, to: number][] {
  if (text.length <= SMALL) return [[0, text.length]];
  const windows: [number, number][] = [];
  for (const { index } of text.matchAll(ANY_ESCAPED)) {
    const last = windows.at(-1);
    if (last !== undefined && index - AROUND <= last[1]) last[1] = index + AROUND;
    else windows.push([Math.max(0, index - AROUND), index + AROUND]);
  }
  return windows;
}

export function withoutBreaks(text: string): string {
  return text.replace(BREAK, '');
}

/** Lines joined, for what a tool wrapped (`base64` breaks its lines at 76 characters). */
export function joinedView({
  text,
  at,
}: {
  text: string;
  at: Uint32Array | undefined;
}): View | undefined {
  if (!text.includes('\n')) return undefined;
  return rewrite(text, at, 0, BREAK, () => '');
}

function decode(text: string, at: Uint32Array | undefined, offset: number): View | undefined {
  return rewrite(text, at, offset, PIECE, ([, u, x, plain, percent, decimal, hex, name]) => {
    const code = u ?? x ?? percent ?? hex;
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    if (decimal !== undefined) return String.fromCharCode(Number(decimal));
    const key = plain ?? name ?? '';
    return NAMED[key] ?? key;
  });
}

function rewrite(
  text: string,
  at: Uint32Array | undefined,
  /** Where the text begins in the original, as long as there is no `at`. */
  offset: number,
  pattern: RegExp,
  replacement: (match: RegExpMatchArray) => string,
): View | undefined {
  const positions = new Uint32Array(text.length + 1);
  const parts: string[] = [];
  let length = 0;
  let from = 0;
  const keep = (end: number) => {
    parts.push(text.slice(from, end));
    for (let index = from; index < end; index += 1)
      positions[length++] = at?.[index] ?? offset + index;
  };
  for (const match of text.matchAll(pattern)) {
    keep(match.index);
    const piece = replacement(match);
    parts.push(piece);
    for (let index = 0; index < piece.length; index += 1) {
      positions[length++] = at?.[match.index] ?? offset + match.index;
    }
    from = match.index + match[0].length;
  }
  if (from === 0) return undefined;
  keep(text.length);
  positions[length] = at?.[text.length] ?? offset + text.length;
  return { text: parts.join(''), at: positions.subarray(0, length + 1) };
}
