import { readChanges } from '../runs/changes/read.ts';
import type { FoundRun } from '../runs/find.ts';
import { newestRuns } from '../runs/list.ts';

const RUNS_LOOKED_AT = 50;

/** A later run that changed one of these files, too; the newest there is. */
export async function changedBy(
  { workspace, record }: FoundRun,
  paths: readonly string[],
): Promise<string | undefined> {
  const wanted = new Set(paths);
  for (const run of await newestRuns(workspace, RUNS_LOOKED_AT)) {
    if (run.record.created <= record.created) continue;
    const { changes } = await readChanges(run).catch(() => ({ changes: undefined }));
    const isOne = changes?.files.some(
      ({ path, old_path }) => wanted.has(path) || wanted.has(old_path ?? path),
    );
    if (isOne) return run.record.run_id;
  }
  return undefined;
}
