import { existsSync } from 'node:fs';
import { CcError } from '../core/errors.ts';
import { requireId } from '../core/ids.ts';
import { plural } from '../core/text.ts';
import { knownWorkspaces } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { type RunPaths, runPaths, type Workspace, workspaceAt } from '../workspace/layout.ts';
import { archivePath } from './archive/places.ts';
import { hasRecord, type RunRecord, readRecord } from './record.ts';

export type FoundRun = { workspace: Workspace; paths: RunPaths; record: RunRecord };

/** A run by its id: in the given workspace, else in any workspace this user ever had. */
export async function findRun(
  host: Host,
  runId: string,
  near: Workspace | undefined,
): Promise<FoundRun> {
  requireId(runId, 'run');
  const roots = near === undefined ? [] : [near.root];
  const tried = new Set<string>();
  for (const list of [roots, await knownWorkspaces(host.home)]) {
    for (const root of list) {
      if (tried.has(root)) continue;
      tried.add(root);
      const workspace = workspaceAt(root);
      const paths = runPaths(workspace, runId);
      if (!hasRecord(paths)) continue;
      return { workspace, paths, record: await readRecord(paths, runId) };
    }
  }
  for (const root of tried) {
    if (!existsSync(archivePath(workspaceAt(root), runId))) continue;
    throw new CcError('RUN_NOT_FOUND', `Run ${runId} is archived, in ${root}.`, {
      hint: `cc_archive_runs with restore: "${runId}" (and cwd: "${root}") brings it back.`,
    });
  }
  throw new CcError(
    'RUN_NOT_FOUND',
    `No run ${runId} in ${plural(tried.size, 'known workspace')}.`,
    {
      hint: 'List runs with cc_run_status (include_finished: true), or pass cwd of its project.',
    },
  );
}
