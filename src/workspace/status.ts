import { stat } from 'node:fs/promises';
import { treeSize } from '../store/size.ts';
import {
  MANAGED_DIRS,
  type ManagedDir,
  managedDir,
  sharedPaths,
  type Workspace,
} from './layout.ts';
import { sizeOfRuns } from './run-sizes.ts';

export type WorkspaceStatus = {
  initialised: boolean;
  /** Files and bytes per managed directory; only those that hold something. */
  usage: { dir: ManagedDir; files: number; bytes: number }[];
  bytes: number;
};

export async function workspaceStatus(workspace: Workspace, now: Date): Promise<WorkspaceStatus> {
  const initialised = await stat(sharedPaths(workspace).workspaceFile).then(
    () => true,
    () => false,
  );
  const runs = await sizeOfRuns(workspace, now);
  const usage = MANAGED_DIRS.map((dir) => ({
    dir,
    ...(dir === 'runs' ? runs : treeSize(managedDir(workspace, dir))),
  }));
  return {
    initialised,
    usage: usage.filter(({ files }) => files > 0),
    bytes: usage.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
