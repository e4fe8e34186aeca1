import type { ChangedFile, ChangedFiles } from '../../src/runs/artifacts/changed-files.ts';

const SNAPSHOT = { tree: 'a'.repeat(40), object_dir: '/none', root: '/none' };

/** changed_files.json as the end of a run leaves it; 12 lines added and 3 deleted in each file. */
export function changedFilesOf(
  files: readonly (Partial<ChangedFile> & { path: string })[],
  change: Partial<ChangedFiles> = {},
): ChangedFiles {
  return {
    schema_version: 1,
    source: 'snapshot',
    complete: true,
    base: SNAPSHOT,
    after: SNAPSHOT,
    files: files.map((file) => ({
      status: 'modified',
      added: 12,
      deleted: 3,
      binary: false,
      artifact: false,
      area: 'source',
      scope: 'in',
      by: 'tool',
      ...file,
    })),
    not_captured: [],
    totals: { files: files.length, added: 12 * files.length, deleted: 3 * files.length },
    over_limits: [],
    omitted: [],
    truncated: false,
    ...change,
  };
}
