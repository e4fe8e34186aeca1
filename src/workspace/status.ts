import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { lazy } from '../core/lazy.ts';
import {
  MANAGED_DIRS,
  type ManagedDir,
  managedDir,
  sharedPaths,
  type Workspace,
} from './layout.ts';

const loadGlob = /* @__PURE__ */ lazy(() => import('fast-glob'));

export type WorkspaceStatus = {
  initialised: boolean;
  /** Files and bytes per managed directory; only those that hold something. */
  usage: { dir: ManagedDir; files: number; bytes: number }[];
  bytes: number;
};

export async function workspaceStatus(workspace: Workspace): Promise<WorkspaceStatus> {
  const initialised = await stat(sharedPaths(workspace).workspaceFile).then(
    () => true,
    () => false,
  );
  const { default: glob } = await loadGlob();
  const entries = await glob('**', {
    cwd: workspace.base,
    dot: true,
    stats: true,
    followSymbolicLinks: false,
    suppressErrors: true,
  });
  const usage = MANAGED_DIRS.map((dir) => ({ dir, files: 0, bytes: 0 }));
  for (const entry of entries) {
    const path = join(workspace.base, entry.path);
    const owner = usage.find(
      ({ dir }) => !relative(managedDir(workspace, dir), path).startsWith('..'),
    );
    if (owner === undefined) continue;
    owner.files += 1;
    owner.bytes += entry.stats?.size ?? 0;
  }
  return {
    initialised,
    usage: usage.filter(({ files }) => files > 0),
    bytes: usage.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
