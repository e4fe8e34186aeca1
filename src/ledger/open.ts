import { closeSync, openSync } from 'node:fs';
import { ifThereSync } from '../core/if-there.ts';
import { linesBack } from '../store/lines-back.ts';
import type { Workspace } from '../workspace/layout.ts';
import { type LedgerEntry, readEntryLine } from './entry.ts';
import { ledgerPaths } from './place.ts';

/** Dispatches whose end is not in the ledger, newest first, among its last bytes. */
export function openDispatches(workspace: Workspace, maxBytes: number): LedgerEntry[] {
  const fd = ifThereSync(() => openSync(ledgerPaths(workspace).file, 'r'));
  if (fd === undefined) return [];
  try {
    const open: LedgerEntry[] = [];
    const ended = new Set<string>();
    let from: number | undefined;
    for (const { bytes, end } of linesBack(fd)) {
      from ??= end;
      if (from - end > maxBytes) break;
      const line = readEntryLine(bytes.toString('utf8'));
      if (line.state !== 'intact') continue;
      const { kind, subject } = line.entry;
      if (kind === 'end') ended.add(subject);
      if (kind === 'dispatch' && !ended.has(subject)) open.push(line.entry);
    }
    return open;
  } finally {
    closeSync(fd);
  }
}
