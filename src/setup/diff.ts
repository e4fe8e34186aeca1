import { redact } from '../core/redact.ts';
import { neutralise } from '../core/text.ts';
import type { Edit } from './edit.ts';
import { lineAt } from './edit.ts';

/**
 * What edits do to a text, as a unified diff without context: what a preview shows. The lines around a
 * change are the user's and one may hold a key; a model may be reading along.
 */
export function renderEdits(text: string, edits: readonly Edit[]): string {
  const hunks: string[] = [];
  let shift = 0;
  for (const edit of [...edits].sort((a, b) => a.at - b.at)) {
    const hunk = wholeLines(text, edit);
    const gone = linesOf(text.slice(hunk.at, hunk.at + hunk.remove));
    const come = linesOf(hunk.insert);
    const line = lineAt(text, hunk.at);
    hunks.push(
      `@@ -${line},${gone.length} +${line + shift},${come.length} @@`,
      ...gone.map((item) => `-${item}`),
      ...come.map((item) => `+${item}`),
    );
    shift += come.length - gone.length;
  }
  return safe(hunks);
}

/** A new file, or one that goes, line by line. */
export function renderWhole(text: string, sign: '+' | '-'): string {
  return safe(linesOf(text).map((line) => `${sign}${line}`));
}

/** Widens an edit to the lines it touches, where it begins or ends inside of one. */
function wholeLines(text: string, { at, remove, insert }: Edit): Edit {
  const end = at + remove;
  const from = text.lastIndexOf('\n', at - 1) + 1;
  // An edit of whole lines touches nothing of the line that follows.
  const clean =
    (at === from && (remove > 0 ? text[end - 1] === '\n' : insert.endsWith('\n'))) ||
    end === text.length;
  const next = text.indexOf('\n', end);
  const to = clean ? end : next === -1 ? text.length : next + 1;
  return {
    at: from,
    remove: to - from,
    insert: text.slice(from, at) + insert + text.slice(end, to),
  };
}

function linesOf(text: string): string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** What differs between two texts, as one hunk from the first difference to the last. */
export function renderDifference(before: string, after: string): string {
  let start = 0;
  while (start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const remove = before.length - end - start;
  return renderEdits(before, [
    { at: start, remove, insert: after.slice(start, after.length - end) },
  ]);
}

function safe(lines: readonly string[]): string {
  return redact(neutralise(lines.join('\n')));
}
