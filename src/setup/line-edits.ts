import type { Edit } from './edit.ts';

/** Above this many pairs of lines no common ones are looked for: the answer is one edit. */
const MAX_PAIRS = 4_000_000;

/** What turns one text into another, line by line, so that a line of both is in no edit. */
export function lineEdits(before: string, after: string): Edit[] {
  const from = before.split(/(?<=\n)/);
  const to = after.split(/(?<=\n)/);
  let start = 0;
  while (start < Math.min(from.length, to.length) && from[start] === to[start]) start += 1;
  let end = 0;
  const most = Math.min(from.length, to.length) - start;
  while (end < most && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  const at = from.slice(0, start).join('').length;
  const hunks = hunksOf(from.slice(start, from.length - end), to.slice(start, to.length - end), at);
  return hunks.map(narrowed);
}

type Hunk = { at: number; gone: string; come: string };

function hunksOf(from: readonly string[], to: readonly string[], at: number): Hunk[] {
  const longer = commonLengths(from, to);
  const hunks: Hunk[] = [];
  let [i, j, offset] = [0, 0, at];
  let open: Hunk | undefined;
  while (i < from.length || j < to.length) {
    const [gone, come] = [from[i], to[j]];
    if (gone !== undefined && gone === come && longer !== undefined) {
      open = undefined;
      offset += gone.length;
      [i, j] = [i + 1, j + 1];
      continue;
    }
    if (open === undefined) {
      open = { at: offset, gone: '', come: '' };
      hunks.push(open);
    }
    if (gone !== undefined && (come === undefined || !isCome(longer, i, j))) {
      open.gone += gone;
      offset += gone.length;
      i += 1;
    } else {
      open.come += come ?? '';
      j += 1;
    }
  }
  return hunks;
}

/** The next line comes, rather than that one goes: so more lines stay. */
function isCome(longer: readonly Uint32Array[] | undefined, i: number, j: number): boolean {
  return (longer?.[i]?.[j + 1] ?? 0) > (longer?.[i + 1]?.[j] ?? 0);
}

/** For every pair of places, how many lines from there on can stay (longest common subsequence). */
function commonLengths(from: readonly string[], to: readonly string[]): Uint32Array[] | undefined {
  if (from.length * to.length > MAX_PAIRS) return undefined;
  const table = Array.from({ length: from.length + 1 }, () => new Uint32Array(to.length + 1));
  for (let i = from.length - 1; i >= 0; i -= 1) {
    const [row, below] = [table[i], table[i + 1]];
    if (row === undefined || below === undefined) continue;
    for (let j = to.length - 1; j >= 0; j -= 1) {
      row[j] =
        from[i] === to[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}

/** Without what both begin and end with; a word that changes is replaced whole. */
function narrowed({ at, gone, come }: Hunk): Edit {
  const most = Math.min(gone.length, come.length);
  let start = 0;
  while (start < most && gone[start] === come[start]) start += 1;
  while (start > 0 && isWord(gone[start - 1]) && (isWord(gone[start]) || isWord(come[start])))
    start -= 1;
  let end = 0;
  while (end < most - start && gone.at(-1 - end) === come.at(-1 - end)) end += 1;
  while (
    end > 0 &&
    isWord(gone.at(-end)) &&
    (isWord(gone.at(-1 - end)) || isWord(come.at(-1 - end)))
  )
    end -= 1;
  return {
    at: at + start,
    remove: gone.length - start - end,
    insert: come.slice(start, come.length - end),
  };
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\w.-]/.test(character);
}
