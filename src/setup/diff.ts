import { isObject, objectAt } from '../core/json.ts';
import { redact } from '../core/redact.ts';
import { neutralise } from '../core/text.ts';
import type { Edit } from './edit.ts';
import { lineAt } from './edit.ts';
import { lineEdits } from './line-edits.ts';
import { SERVER } from './names.ts';

/** Stands for what is the user's, beside a change in the same line. */
const HIDDEN = '…';
/** A line up to this long is shown whole where one of its values changes. */
const MAX_SHOWN_LINE = 120;

/**
 * What edits do to a text, as a unified diff without context: what a preview shows. The lines around a
 * change are the user's and one may hold a key; a model may be reading along. So may the rest of a line
 * that only gets a comma, or the one line of a JSON file without line breaks.
 */
export function renderEdits(text: string, edits: readonly Edit[]): string {
  const hunks: string[] = [];
  let shift = 0;
  for (const edit of [...edits].sort((a, b) => a.at - b.at)) {
    const { gone, come, at } = touchedLines(text, edit);
    let same = 0;
    while (same < Math.min(gone.length, come.length) && gone[same] === come[same]) same += 1;
    const line = lineAt(text, at) + same;
    hunks.push(
      `@@ -${line},${gone.length - same} +${line + shift},${come.length - same} @@`,
      ...gone.slice(same).map((item) => `-${item}`),
      ...come.slice(same).map((item) => `+${item}`),
    );
    shift += come.length - gone.length;
  }
  return safe(hunks);
}

/** A new file, or one that goes, line by line. */
export function renderWhole(text: string, sign: '+' | '-'): string {
  return safe(linesOf(text).map((line) => `${sign}${line}`));
}

/** An entry in a file that is not shown itself; what it hands a server may be a key of the user's. */
export function renderEntry(entry: unknown, sign: '+' | '-'): string {
  if (entry === undefined) return '';
  const masked = ['env', 'headers'].flatMap((key) => {
    const names = Object.keys(objectAt(entry, key) ?? {});
    return names.length === 0
      ? []
      : [[key, Object.fromEntries(names.map((name) => [name, HIDDEN]))]];
  });
  const shown = isObject(entry) ? { ...entry, ...Object.fromEntries(masked) } : entry;
  return renderWhole(`mcpServers.${SERVER}: ${JSON.stringify(shown, undefined, 2)}\n`, sign);
}

/** What differs between two texts, line by line. */
export function renderDifference(before: string, after: string): string {
  return renderEdits(before, lineEdits(before, after));
}

/** The lines that an edit touches, before and after; where it begins or ends inside of one, only its part. */
function touchedLines(text: string, { at, remove, insert }: Edit) {
  const end = at + remove;
  const from = text.lastIndexOf('\n', at - 1) + 1;
  // An edit of whole lines touches nothing of the line that follows.
  const clean =
    (at === from && (remove > 0 ? text[end - 1] === '\n' : insert.endsWith('\n'))) ||
    end === text.length;
  const next = text.indexOf('\n', end);
  const to = clean ? end : next === -1 ? text.length : next + 1;
  const removed = text.slice(at, end);
  const isValue = /\w/.test(removed) && /\w/.test(insert);
  const isShown = isValue && to - from <= MAX_SHOWN_LINE;
  const lead = text.slice(from, at);
  const rest = text.slice(end, to);
  const head = isShown ? lead : hidden(lead);
  const tail = isShown ? rest : hidden(rest);
  return { at: from, gone: linesOf(head + removed + tail), come: linesOf(head + insert + tail) };
}

/** White space and brackets tell nothing. */
function hidden(part: string): string {
  if (/^[\s{}[\](),\ufeff]*$/.test(part)) return part;
  const [indent = ''] = /^[ \t]*/.exec(part) ?? [];
  return `${indent}${HIDDEN}${part.endsWith('\n') ? '\n' : ''}`;
}

function linesOf(text: string): string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function safe(lines: readonly string[]): string {
  return redact(neutralise(lines.join('\n')));
}
