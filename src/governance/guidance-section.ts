import { CcError } from '../core/errors.ts';
import { BEGIN, END, isAsWritten, markedOrigin, type Origin } from './guidance-text.ts';

export type Section = {
  /** From the first marker to behind the line of the last one. */
  start: number;
  end: number;
  origin: Origin;
  /** Somebody has changed what is between the markers. */
  edited: boolean;
};

/** Our section in a file; undefined where there is none, NOT_ALLOWED where its markers are no pair. */
export function sectionIn(text: string, path: string): Section | undefined {
  const begins = linesThatStart(text, BEGIN);
  const ends = linesThatStart(text, END);
  if (begins.length === 0 && ends.length === 0) return undefined;
  const [first] = begins;
  const [last] = ends;
  if (begins.length === 1 && ends.length === 1 && first && last && first.start < last.start) {
    const line = text.slice(first.start, first.end);
    return {
      start: first.start,
      end: last.end,
      origin: markedOrigin(line),
      edited: !isAsWritten(line, text.slice(first.end, last.start)),
    };
  }
  throw new CcError(
    'NOT_ALLOWED',
    `${path}: the lines around our section are not one pair (${begins.length} begin, ${ends.length} end). Nothing was changed.`,
    { hint: `Leave one "${END}" below one "${BEGIN} …", or remove them all.` },
  );
}

/** The text without the section and what was put in front of it: as it was, but for what is new in it. */
export function withoutSection(text: string, { start, end, origin }: Section): string {
  const rest = text.slice(end);
  const before = text.slice(0, start);
  // Somebody has gone on directly below: the blank line above keeps their text apart.
  if (!/^(?:\r?\n|$)/.test(rest)) return before + rest;
  const head = before.replace(/(^\ufeff?|\n)\r?\n$/, '$1');
  return (origin === 'unended' && rest === '' ? head.replace(/\r?\n$/, '') : head) + rest;
}

/** Lines that begin with a marker, with their line ends. */
function linesThatStart(text: string, marker: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let at = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const start = at + (at === 0 && line.startsWith('\ufeff') ? 1 : 0);
    at += line.length;
    if (text.startsWith(marker, start)) found.push({ start, end: at });
  }
  return found;
}
