import { linesBack } from '../store/lines-back.ts';
import { type LedgerEntry, readEntryLine } from './entry.ts';

/**
 * The latest entry of this kind, subject and key, searched from the end. The search ends at the
 * dispatch of a run: what is about it stands behind that.
 */
export function findBack(
  fd: number,
  wanted: { kind: string; subject: string; key?: string | undefined },
): LedgerEntry | undefined {
  const needle = Buffer.from(JSON.stringify(wanted.subject).slice(1, -1));
  for (const { bytes } of linesBack(fd)) {
    if (!bytes.includes(needle)) continue;
    const line = readEntryLine(bytes.toString('utf8'));
    if (line.state !== 'intact') continue;
    const { kind, subject, key } = line.entry;
    if (subject !== wanted.subject) continue;
    if (kind === wanted.kind && key === wanted.key) return line.entry;
    if (kind === 'dispatch') return undefined;
  }
  return undefined;
}
