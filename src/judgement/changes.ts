import { DEPENDENCIES, isOfKind, type PathKind } from '../runs/changes/path-kinds.ts';
import { recordedChanges } from '../runs/changes/read.ts';
import type { FoundRun } from '../runs/find.ts';

/** What a run changed in the project, agent artifacts left out; lines of binary files count as none. */
export type Changes = {
  paths: string[];
  deletedFiles: number;
  added: number;
  deleted: number;
};

/** Undefined where it is not known: nobody compared, or the comparison did not see everything. */
export async function changesOf(found: FoundRun): Promise<Changes | undefined> {
  const stored = await recordedChanges(found).catch(() => undefined);
  if (stored === undefined || stored.problem !== undefined) return undefined;
  if (stored.changes?.complete === false) return undefined;
  const files = (stored.changes?.files ?? []).filter(({ area }) => area === 'source');
  return {
    paths: files.map(({ path }) => path),
    deletedFiles: files.filter(({ status }) => status === 'deleted').length,
    added: files.reduce((sum, file) => sum + (file.added ?? 0), 0),
    deleted: files.reduce((sum, file) => sum + (file.deleted ?? 0), 0),
  };
}

/** Changes that are for a person to decide (capabilities.md V23): by path, first match names it. */
const SENSITIVE: readonly (readonly [string, readonly PathKind[]])[] = [
  ['dependencies', DEPENDENCIES],
  ['continuous integration', ['ci']],
  ['policy', ['policy']],
  ['architecture', ['architecture']],
  ['infrastructure', ['infrastructure', 'migration']],
];

/** `path (why)` of every change a person should decide about. */
export function sensitiveChanges({ paths }: Changes): string[] {
  return paths.flatMap((path) => {
    const why = SENSITIVE.find(([, kinds]) => isOfKind(path, ...kinds))?.[0];
    return why === undefined ? [] : [`${path} (${why})`];
  });
}
