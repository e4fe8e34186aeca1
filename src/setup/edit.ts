/** One change of a text: at `at`, `remove` characters go and `insert` comes. */
export type Edit = { at: number; remove: number; insert: string };

/** Applies edits that do not overlap; their offsets count in the text as it was. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { at, remove, insert } of [...edits].sort((a, b) => b.at - a.at)) {
    result = result.slice(0, at) + insert + result.slice(at + remove);
  }
  return result;
}

/** The line ending a file uses; one CRLF decides, because a mixed file came from Windows. */
export function lineEndingOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Line number, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/**
 * Takes pieces out again that were once put in, where each is still there word for word; undefined
 * where one is not, or is there twice. What stood around them is as it was, byte for byte.
 * `byLine`: what follows a piece must stay on a line of its own.
 */
export function cutOut(
  text: string,
  pieces: readonly string[],
  { byLine = false } = {},
): string | undefined {
  let result = text;
  for (const piece of pieces) {
    const at = result.indexOf(piece);
    if (at === -1 || result.indexOf(piece, at + 1) !== -1) return undefined;
    const [head, tail] = [result.slice(0, at), result.slice(at + piece.length)];
    // The piece brought the line ending that the last line lacked; something follows it by now.
    const lacksEnd =
      byLine && head !== '' && !head.endsWith('\n') && tail !== '' && /^\r?\n/.test(piece);
    result = head + (lacksEnd ? lineEndingOf(piece) : '') + tail;
  }
  return result;
}
