import { byteLength } from '../core/text.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { RunEvent } from './events.ts';
import type { FoundRun } from './find.ts';
import { foldNews, type NewsLine } from './news.ts';

/** Events looked at in one call; behind them the next call goes on. */
const PAGE = { maxBytes: 4 << 20, maxRecords: 20_000 };
const HEAD_BYTES = 200;

/**
 * The events of a run since a cursor as text, one line for each thing that happened with the numbers
 * of its events (`12-20 Read ×5: …`), repeats folded, oldest first, at most `maxBytes`. What does not
 * fit is left for the next call: its cursor is in the first line.
 */
export function compactEvents(run: FoundRun, cursor: string | undefined, maxBytes: number): string {
  const page = readNdjson(run.paths.events, cursor, PAGE);
  const events = page.records as RunEvent[];
  const lines = foldNews(events, run.record.workspace);
  const { shown, next } = fitting(lines, maxBytes - HEAD_BYTES);
  const index = next === undefined ? -1 : events.findIndex(({ seq }) => seq === next.first);
  const isCut = index !== -1;
  const at = isCut ? cursorAfter(run, cursor, index) : page.cursor;
  const range =
    events.length === 0 ? 'no events' : `events ${events[0]?.seq}-${lastSeq(events, next)}`;
  const more = isCut || page.more ? ', more to come' : '';
  return [`# ${run.record.run_id}: ${range}${more}; cursor ${at}`, ...shown].join('\n');
}

function fitting(
  lines: readonly NewsLine[],
  room: number,
): { shown: string[]; next: NewsLine | undefined } {
  const shown: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    const text = `${line.first === line.last ? line.first : `${line.first}-${line.last}`} ${line.text}`;
    bytes += byteLength(text) + 1;
    if (bytes > room && shown.length > 0) return { shown, next: line };
    shown.push(text);
  }
  return { shown, next: undefined };
}

function lastSeq(events: readonly RunEvent[], next: NewsLine | undefined): number | undefined {
  return next === undefined ? events.at(-1)?.seq : next.first - 1;
}

/** The cursor in front of the `index`th event of this page. */
function cursorAfter(run: FoundRun, cursor: string | undefined, index: number): string {
  return readNdjson(run.paths.events, cursor, { ...PAGE, maxRecords: index }).cursor;
}
