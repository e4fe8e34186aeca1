import { chmod, copyFile, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, relative, sep } from 'node:path';
import { isoTime } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { lazy } from '../../core/lazy.ts';
import { copyTree } from '../../git/copy-tree.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import { treeBytes } from '../../store/size.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { UserHome } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';
import type { Place } from '../../workspace/resolve.ts';
import type { Worktree } from '../record.ts';
import { readWorktree, worktreeIds, worktreePaths, writeWorktree } from './store.ts';

const loadGlob = /* @__PURE__ */ lazy(() => import('fast-glob'));

/**
 * A copy of the project for one task, and where in it the worker is to work. `asItIs`: with what is not
 * committed, whatever the policy says: a part of a workflow builds on the parts before it.
 */
export async function makeWorktree(
  host: Host,
  place: Pick<Place, 'workspace' | 'cwd'>,
  { asItIs = false } = {},
): Promise<{ worktree: Worktree; cwd: string }> {
  const { home } = host;
  const { worktrees: policy } = await readPolicy(home);
  const project = place.workspace.root;
  await requireRoom(home, policy.max_bytes);
  const now = host.clock.now();
  const id = newId('tree', now);
  const paths = worktreePaths(home, id);
  const tree = paths.tree(project);
  await makePrivateDir(paths.dir);
  try {
    const wanted = policy.projects[project];
    const ports = await freePorts(home, wanted?.ports ?? []);
    const file = { schema_version: SCHEMA_VERSION, id, workspace: project, runs: [], ports };
    await writeWorktree(home, { ...file, created: isoTime(now), state: 'open' });
    const copied = await copyTree(place.cwd, tree, {
      env: host.env,
      plainRoot: project,
      exclude: [home.root],
      scratch: paths.scratch,
      uncommitted: asItIs || policy.uncommitted,
      branch: `cc/${id.slice(-8)}`,
    });
    const inCopy = (path: string) => join(tree, relative(copied.from, path));
    const isAbove = relative(copied.from, project).startsWith('..');
    const root = isAbove ? tree : inCopy(project);
    await copyExtra(project, root, wanted?.copy ?? []);
    const worktree: Worktree = {
      id,
      root,
      ...(Object.keys(ports).length === 0 ? {} : { ports }),
      ...(copied.left_out.length === 0 ? {} : { left_out: copied.left_out.slice(0, 50) }),
    };
    const cwd = inCopy(place.cwd);
    // An ignored or empty directory is not in the copy by itself.
    await mkdir(cwd, { recursive: true });
    return { worktree, cwd };
  } catch (error) {
    await rm(paths.dir, { recursive: true, force: true });
    throw error;
  }
}

async function requireRoom(home: UserHome, maxBytes: number): Promise<void> {
  let bytes = 0;
  for (const id of await worktreeIds(home)) bytes += treeBytes(worktreePaths(home, id).dir);
  if (bytes < maxBytes) return;
  throw new CcError('LIMIT_REACHED', `Worktrees take ${bytes} bytes; the limit is ${maxBytes}.`, {
    hint: 'Apply or discard the results (cc_apply_run), clean up (cc_clean_workspace), or raise worktrees.max_bytes in policy.yaml.',
  });
}

/** Files the user listed; what leads out of the project is not followed. */
async function copyExtra(from: string, to: string, globs: readonly string[]): Promise<void> {
  if (globs.length === 0) return;
  const { default: glob } = await loadGlob();
  const found = await glob([...globs], {
    cwd: from,
    dot: true,
    followSymbolicLinks: false,
    ignore: ['.git/**', '.agent-workspace/**'],
  });
  for (const path of found) {
    const source = join(from, path);
    const stats = await lstat(source);
    if (!stats.isFile() || path.split(sep).includes('..')) continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(source, join(to, path));
    await chmod(join(to, path), stats.mode & 0o777);
  }
}

/** Free now, and promised to no other copy. */
async function freePorts(
  home: UserHome,
  names: readonly string[],
): Promise<Record<string, number>> {
  if (names.length === 0) return {};
  const taken = new Set<number>();
  for (const id of await worktreeIds(home)) {
    for (const port of Object.values((await readWorktree(home, id))?.ports ?? {})) taken.add(port);
  }
  const ports: Record<string, number> = {};
  for (const name of names) {
    let port = await freePort();
    while (taken.has(port)) port = await freePort();
    taken.add(port);
    ports[name] = port;
  }
  return ports;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
