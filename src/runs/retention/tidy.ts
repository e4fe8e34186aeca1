import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Host } from '../../workspace/host.ts';
import { sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { cataloguePath } from './catalogue.ts';
import { clean } from './clean.ts';

const EVERY_MS = 3_600_000;
/** Nobody waits for it, but a supervisor should not stay for ever. */
const LONGEST_MS = 30_000;

/**
 * Keeps a workspace within the user's policy, at most once an hour; otherwise it costs one look at a
 * file's time. Whatever goes wrong here concerns no run.
 */
export async function tidyWorkspace(host: Host, workspace: Workspace): Promise<void> {
  try {
    if (!(await isDue(workspace, host.clock.now()))) return;
    const { retention } = await readPolicy(host.home);
    const until = host.clock.monotonic() + LONGEST_MS;
    await clean(host, workspace, retention, () => host.clock.monotonic() > until);
  } catch {
    // Next hour, or by whoever cleans right now; cc_clean_workspace tells what is wrong.
  }
}

async function isDue(workspace: Workspace, now: Date): Promise<boolean> {
  if (!existsSync(sharedPaths(workspace).workspaceFile)) return false;
  const looked = await stat(cataloguePath(workspace)).catch(() => undefined);
  // A clock that went back must not put it off for ever.
  return looked === undefined || Math.abs(now.getTime() - looked.mtimeMs) >= EVERY_MS;
}
