import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toErrorFacts } from '../../core/errors.ts';
import { stringAt } from '../../core/json.ts';
import { VERSION } from '../../core/version.ts';
import { openGit } from '../../git/git.ts';
import type { Check } from '../../health/check.ts';
import { checkClients } from '../../health/clients.ts';
import { type Installation, installationOf } from '../../setup/installation.ts';
import { setupPaths } from '../../setup/receipt.ts';
import { readJson } from '../../store/atomic.ts';
import type { Host } from '../../workspace/host.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { type Formats, findFormats } from './formats.ts';
import { findNewest, type Newest } from './newest.ts';
import { findUserFiles, type UserFile } from './user-files.ts';

export type UpgradeCheck = {
  version: string;
  installation: {
    kind?: string;
    root?: string;
    commit?: string;
    dirty?: boolean;
    problem?: string;
  };
  formats: Formats;
  user_files: UserFile[];
  /** The version that last wrote into the clients' configuration. */
  setup_by?: string;
  clients: Check[];
  newest?: Newest;
};

/** Which version is here, and what an upgrade would meet. Applies nothing; asks nobody unless `remote`. */
export async function checkUpgrade(
  host: Host,
  workspace: Workspace,
  { remote }: { remote: boolean },
  signal: AbortSignal,
): Promise<UpgradeCheck> {
  const found = foundInstallation(host);
  const receipt = await readJson(setupPaths(host.home).receipt).catch(() => undefined);
  const setupBy = stringAt(receipt, 'version');
  const [formats, user_files, clients, commit, newest] = await Promise.all([
    findFormats(workspace, host.home),
    findUserFiles(host.home),
    'problem' in found ? [] : checkClients(host, workspace.root),
    'root' in found ? commitOf(host, found.root) : {},
    remote ? findNewest(host, 'root' in found ? found : NOWHERE, signal) : undefined,
  ]);
  return {
    version: VERSION,
    installation: { ...found, ...commit },
    formats,
    user_files,
    ...(setupBy === undefined ? {} : { setup_by: setupBy }),
    clients,
    ...(newest === undefined ? {} : { newest }),
  };
}

/** Nobody knows how it came here, so the registry is what is left to ask. */
const NOWHERE = { kind: 'package', root: '/' } as const;

function foundInstallation(host: Host): Pick<Installation, 'kind' | 'root'> | { problem: string } {
  try {
    const { kind, root } = installationOf(host);
    return { kind, root };
  } catch (error) {
    return { problem: toErrorFacts(error).message };
  }
}

/** Of a clone; nothing where git cannot tell. */
async function commitOf(host: Host, root: string): Promise<{ commit?: string; dirty?: boolean }> {
  if (!existsSync(join(root, '.git'))) return {};
  try {
    const git = await openGit(root, { env: host.env });
    const commit = await git.text(['rev-parse', '--short=12', 'HEAD']);
    const changes = await git.text(['status', '--porcelain', '--untracked-files=no']);
    return { commit, dirty: changes !== '' };
  } catch {
    return {};
  }
}
