import { closeSync, openSync } from 'node:fs';
import { CcError } from '../core/errors.ts';
import { ifThereSync } from '../core/if-there.ts';
import { parseJson } from '../core/json.ts';
import { linesBack } from '../store/lines-back.ts';
import { endCursor, readNdjson } from '../store/ndjson-read.ts';
import type { Workspace } from '../workspace/layout.ts';
import { type LedgerEntry, ledgerEntry } from './entry.ts';
import { ledgerPaths } from './place.ts';

export type LedgerFilter = {
  subject?: string | undefined;
  kind?: string | undefined;
  /** ISO time; entries from then on. */
  since?: string | undefined;
};

export type LedgerPage = {
  entries: LedgerEntry[];
  /** Of the end of the ledger, or of what was given: pass it to see only what is new. */
  cursor: string;
  /** There are more that fit: older ones (before that number), or newer ones behind the cursor. */
  more: boolean;
};

const PAGE_BYTES = 4 << 20;

/** The newest entries that fit, newest first; those before a number where one is given. */
export function latestEntries(
  workspace: Workspace,
  filter: LedgerFilter,
  options: { limit: number; before?: number | undefined },
): LedgerPage {
  const { file } = ledgerPaths(workspace);
  const page: LedgerPage = { entries: [], cursor: endCursor(file), more: false };
  const fd = ifThereSync(() => openSync(file, 'r'));
  if (fd === undefined) return page;
  try {
    for (const { bytes } of linesBack(fd)) {
      const entry = entryOf(parseJson(bytes.toString('utf8')));
      if (entry === undefined || !fits(entry, filter)) continue;
      if (options.before !== undefined && entry.seq >= options.before) continue;
      page.more = page.entries.length === options.limit;
      if (page.more) break;
      page.entries.push(entry);
    }
    return page;
  } finally {
    closeSync(fd);
  }
}

/** What was appended since a cursor and fits, oldest first. Costs what is new. */
export function entriesSince(
  workspace: Workspace,
  filter: LedgerFilter,
  options: { limit: number; cursor: string },
): LedgerPage {
  const { file } = ledgerPaths(workspace);
  const entries: LedgerEntry[] = [];
  let cursor = options.cursor;
  for (;;) {
    const room = options.limit - entries.length;
    const page = readNdjson(file, cursor, { maxBytes: PAGE_BYTES, maxRecords: room });
    if (page.reset) {
      throw new CcError('BAD_INPUT', 'The cursor belongs to another ledger.', {
        hint: 'Leave it out. If the ledger was replaced, cc_ledger_verify says so.',
      });
    }
    cursor = page.cursor;
    entries.push(
      ...page.records.flatMap((record) => {
        const entry = entryOf(record);
        return entry !== undefined && fits(entry, filter) ? [entry] : [];
      }),
    );
    if (!page.more || entries.length >= options.limit) return { entries, cursor, more: page.more };
  }
}

function entryOf(value: unknown): LedgerEntry | undefined {
  return ledgerEntry.safeParse(value).data;
}

function fits(entry: LedgerEntry, { subject, kind, since }: LedgerFilter): boolean {
  return (
    (subject === undefined || entry.subject === subject) &&
    (kind === undefined || entry.kind === kind) &&
    (since === undefined || entry.time >= since)
  );
}
