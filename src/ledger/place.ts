import { join } from 'node:path';
import { digestOf } from '../core/ids.ts';
import type { UserHome } from '../workspace/home.ts';
import { managedDir, type Workspace } from '../workspace/layout.ts';

/** Where the ledger of a workspace is, and who may append to it. */
export function ledgerPaths(workspace: Workspace) {
  const dir = managedDir(workspace, 'ledger');
  return { dir, file: join(dir, 'ledger.ndjson'), lease: join(dir, 'lease') };
}

/** Where its head is anchored: away from the project, so that one `rm` or checkout cannot take both. */
export function anchorPath(home: UserHome, workspace: Workspace): string {
  return join(home.ledgerHeads, `${digestOf(workspace.root)}.json`);
}
