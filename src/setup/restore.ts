import { readFile } from 'node:fs/promises';
import { renderDifference, renderWhole } from './diff.ts';
import type { Part } from './plan.ts';
import type { Owned } from './receipt.ts';
import { digestOfBytes, readTarget } from './target.ts';

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
