import { createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { makePrivateDir, PRIVATE_DIR, PRIVATE_FILE } from '../../store/atomic.ts';
import { readTar } from '../../store/tar-read.ts';
import type { UserHome } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { managedDir, runPaths, type Workspace } from '../../workspace/layout.ts';
import { readRecord } from '../record.ts';
import { aloneWithRuns } from '../retention/clean.ts';
import { finishLeaving, holds, privatePlace, SESSION } from './finish.ts';
import { unzipped } from './pack.ts';
import { archivePath, archivesOf, privateArchivePath, RESTORING, unpackingPath } from './places.ts';

/**
 * Puts an archived run back where it was, what it had in the private store first. The archives stay:
 * retention may take the run away again, for it is as old as it was. Answers its directory, also where it
 * is back already and nobody has written into it since.
 */
export async function restoreRun(host: Host, workspace: Workspace, runId: string): Promise<string> {
  const archive = archivePath(workspace, runId);
  return aloneWithRuns(workspace, async () => {
    await finishLeaving(host, workspace);
    const { dir } = runPaths(workspace, runId);
    if (existsSync(dir)) {
      // Also of one that was killed when all but tidying up was done.
      if (await holds(workspace, runId, dir)) return dir;
      throw new CcError('NOT_ALLOWED', `Run ${runId} is there: ${dir}. Nothing was restored.`, {
        hint: 'Only a run that is not there any more can be restored.',
      });
    }
    if (!existsSync(archive)) throw await notArchived(workspace, runId);
    const fresh = join(managedDir(workspace, 'runs'), `${RESTORING}${runId}`);
    await unpack(archive, fresh);
    await readRecord({ ...runPaths(workspace, runId), ...recordIn(join(fresh, runId)) }, runId);
    await restorePrivates(host.home, runId, unpackingPath(host.home, workspace));
    await rename(join(fresh, runId), dir);
    await rm(fresh, { recursive: true, force: true });
    return dir;
  });
}

function recordIn(dir: string) {
  return { metadata: join(dir, 'metadata.json'), spareMetadata: join(dir, '.metadata.json') };
}

async function restorePrivates(home: UserHome, runId: string, fresh: string): Promise<void> {
  const path = privateArchivePath(home, runId);
  if (!existsSync(path)) return;
  for (const name of await unpack(path, fresh)) {
    const isOurs =
      name === 'run' || (name.startsWith(SESSION) && isId(name.slice(SESSION.length), 'run'));
    const place = privatePlace(home, runId, name);
    // A session may be there because a later run of the task goes on in it.
    if (!isOurs || existsSync(place)) continue;
    await makePrivateDir(dirname(place));
    await rename(join(fresh, name), place);
  }
  await rm(fresh, { recursive: true, force: true });
}

/** Unpacks an archive into a new directory; answers the names at its top. */
async function unpack(path: string, directory: string): Promise<Set<string>> {
  const tops = new Set<string>();
  const modes: [path: string, mode: number][] = [];
  const links: [path: string, to: string][] = [];
  await makePrivateDir(directory);
  for await (const { name, type, mode, link, body } of readTar(unzipped(path))) {
    tops.add(name.split('/')[0] ?? '');
    const target = join(directory, name);
    if (type === 'directory') {
      await mkdir(target, { recursive: true, mode: PRIVATE_DIR });
      modes.push([target, mode]);
      continue;
    }
    await mkdir(dirname(target), { recursive: true, mode: PRIVATE_DIR });
    // Last of all, so that nothing is ever written through one.
    if (type === 'link') links.push([target, link]);
    else {
      await pipeline(body, createWriteStream(target, { flags: 'wx', mode: PRIVATE_FILE }));
      modes.push([target, mode]);
    }
  }
  for (const [target, to] of links) await symlink(to, target);
  // What is deeper first: a directory may be one that nobody may write.
  for (const [target, mode] of modes.reverse()) await chmod(target, mode);
  return tops;
}

async function notArchived(workspace: Workspace, runId: string): Promise<CcError> {
  const newest = (await archivesOf(workspace)).slice(-3).map(({ run_id }) => run_id);
  const there =
    newest.length === 0 ? 'Nothing is archived here.' : `The newest: ${newest.join(', ')}.`;
  return new CcError('NOT_FOUND', `There is no archive of run ${runId} in this project.`, {
    hint: `${there} Pass cwd of its project.`,
  });
}
