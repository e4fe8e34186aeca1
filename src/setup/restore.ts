import { readFile } from 'node:fs/promises';
import { backupOf } from './backup.ts';
import { renderDifference, renderWhole } from './diff.ts';
import type { Part, Setting } from './plan.ts';
import type { Owned } from './receipt.ts';
import { digestOfBytes, readTarget, type Target } from './target.ts';

/**
 * Puts the whole file back as it was before setup first came, where nobody has written since; undefined
 * where somebody has, or where there is no copy.
 */
export async function restoreWhole(owned: Owned): Promise<Part | undefined> {
  if (owned.after === undefined || (owned.backup === undefined && !owned.created)) return undefined;
  const target = await readTarget(owned.path);
  if (target.bytes === undefined || digestOfBytes(target.bytes) !== owned.after) return undefined;
  const after =
    owned.backup === undefined ? undefined : await readFile(owned.backup).catch(() => null);
  if (after === null) return undefined;
  const diff =
    after === undefined
      ? renderWhole(target.text, '-')
      : renderDifference(target.text, after.toString('utf8'));
  const { client, path } = owned;
  return {
    changes: [{ kind: 'file', client, path, real: target.real, before: target.bytes, after, diff }],
    notes: [],
    gone: { client, path },
  };
}

/** Where an entry of the user's was replaced, only the whole file before can bring it back. */
export function replacement(
  { backups }: Setting,
  { path, text }: Target,
  after: string,
  { raw, owned }: { raw: unknown; owned: Owned | undefined },
): Pick<Owned, 'backup' | 'after' | 'replaced'> {
  if (owned === undefined) {
    if (raw === undefined) return {};
    return { replaced: true, backup: backupOf(backups, path), after: digestOfBytes(after) };
  }
  if (owned.backup === undefined) return {};
  const isAsWeLeftIt = owned.after === digestOfBytes(text);
  const digest = isAsWeLeftIt ? { after: digestOfBytes(after) } : {};
  return { replaced: true, backup: owned.backup, ...digest };
}
