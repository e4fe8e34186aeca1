import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, isId, requireId } from '../../core/ids.ts';
import type { UserHome } from '../../workspace/home.ts';
import { managedDir, type Workspace } from '../../workspace/layout.ts';

const ENDING = '.tar.gz';

/** Where the archive of a run is. */
export function archivePath(workspace: Workspace, runId: string): string {
  return join(managedDir(workspace, 'archives'), `${requireId(runId, 'run')}${ENDING}`);
}

/** What it had in the private store never leaves the user's home. */
export function privateArchivePath(home: UserHome, runId: string): string {
  return join(home.archives, `${requireId(runId, 'run')}${ENDING}`);
}

/** A run on its way out, beside the others under a name that is no run's. */
export function leavingPath(workspace: Workspace, runId: string): string {
  return join(managedDir(workspace, 'runs'), `${LEAVING}${requireId(runId, 'run')}`);
}

/** `leaving`: its archive has to be compared once more. The others may be removed at any time. */
export const LEAVING = '.leaving-';
export const ARCHIVED = '.archived-';
export const RESTORING = '.restoring-';

/** Where a project's archives are unpacked in the user's home, which projects share. */
export function unpackingPath(home: UserHome, workspace: Workspace): string {
  return join(home.archives, `${RESTORING}${digestOf(workspace.root)}`);
}

export type Archive = { run_id: string; path: string; bytes: number };

/** Every archive of a project, oldest run first. */
export async function archivesOf(workspace: Workspace): Promise<Archive[]> {
  const directory = managedDir(workspace, 'archives');
  const names = await readdir(directory).catch(() => []);
  const found: Archive[] = [];
  for (const name of names.sort()) {
    const run_id = name.slice(0, -ENDING.length);
    if (!name.endsWith(ENDING) || !isId(run_id, 'run')) continue;
    const path = join(directory, name);
    found.push({ run_id, path, bytes: (await stat(path)).size });
  }
  return found;
}
