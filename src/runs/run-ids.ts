import { readdir } from 'node:fs/promises';
import { isId } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import { managedDir, type Workspace } from '../workspace/layout.ts';

/** Every run of a workspace, oldest first. Costs as much as there are runs (7 ms for 10 000). */
export async function runIds(workspace: Workspace): Promise<string[]> {
  const names = (await ifThere(readdir(managedDir(workspace, 'runs')))) ?? [];
  return names.filter((name) => isId(name, 'run')).sort();
}
