import { chmod, lstat, mkdir, open, rename, rm, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CcError, errnoOf } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import type { Host } from '../workspace/host.ts';
import type { Blobs } from './blobs.ts';
import { isSameState, lookAtFile } from './file-state.ts';
import { isIndex, isIndexNow } from './index-list.ts';
import type { Folder, OperationPlan, Step } from './operation.ts';
import { obstacleAbove, placeIn, requirePlain } from './tree.ts';

const PERMISSIONS = 0o7777;
const OPENED = 0o700;
const NAMED = 50;

/**
 * Brings a working tree from one state of some paths to another. May be interrupted at any point and
 * called again: what is done already is passed over, and what is neither as before nor as it is to be
 * was changed by somebody else; then nothing (more) is done.
 */
export async function carryOut(host: Host, plan: OperationPlan, blobs: Blobs): Promise<void> {
  await dropTemporaries(plan);
  const open = await openSteps(host, plan, blobs);
  for (const path of plan.purge) await purge(plan, path);
  for (const { path } of open.filter(({ target }) => target === null)) {
    await inFolder(plan, path, (full) => unlink(full).catch(ignoring('ENOENT')));
  }
  const byDepth = [...plan.folders].sort((a, b) => depth(a.path) - depth(b.path));
  for (const folder of byDepth.toReversed()) if (folder.target === null) await remove(plan, folder);
  for (const folder of byDepth) if (folder.target !== null) await make(plan, folder);
  for (const [index, step] of plan.steps.entries()) {
    if (open.includes(step)) await write(plan, step, temporaryOf(plan, index), blobs);
  }
  // Before directories are closed again, which may hide what is in them.
  requireDone(plan);
  for (const folder of byDepth.toReversed()) await setPermissions(plan, folder);
}

/** Steps that are still to be done; throws where somebody else has changed a file since. */
async function openSteps(host: Host, plan: OperationPlan, blobs: Blobs): Promise<Step[]> {
  const open: Step[] = [];
  const changed: string[] = [];
  for (const step of plan.steps) {
    const now = lookAtFile(placeIn(plan, step.path), plan.object_format);
    if (isSameState(now, step.target ?? undefined)) continue;
    const isAsBefore =
      isSameState(now, step.before ?? undefined) || (await isRefreshed(host, plan, step, blobs));
    if (isAsBefore) open.push(step);
    else changed.push(step.path);
  }
  if (changed.length === 0) return open;
  throw new CcError(
    'CHECK_FAILED',
    `${plural(changed.length, 'file was', 'files were')} changed in the meantime.`,
    {
      hint: 'Look at them; put them back or move them away, then repeat the call.',
      details: { conflicts: changed.slice(0, NAMED) },
    },
  );
}

/** Git has only written its index anew in the meantime. */
async function isRefreshed(
  host: Host,
  plan: OperationPlan,
  { path, before }: Step,
  blobs: Blobs,
): Promise<boolean> {
  if (before?.oid === undefined || !isIndex(path, plan.outside)) return false;
  const content = await blobs.read(before.oid).catch(() => undefined);
  if (content === undefined) return false;
  return isIndexNow(host, plan.root, plan.object_format, placeIn(plan, path), content);
}

function requireDone(plan: OperationPlan): void {
  const { object_format: format } = plan;
  const wrong = plan.steps.filter(
    ({ path, target }) =>
      !isSameState(lookAtFile(placeIn(plan, path), format), target ?? undefined),
  );
  if (wrong.length === 0) return;
  throw new CcError(
    'CHECK_FAILED',
    `${plural(wrong.length, 'file is not as it should be', 'files are not as they should be')}.`,
    {
      hint: 'Somebody changes these files right now. Repeat the call.',
      details: { conflicts: wrong.slice(0, NAMED).map(({ path }) => path) },
    },
  );
}

/** Names that a call which was killed may have left; every call of one operation uses the same. */
function temporaryOf({ op_id }: OperationPlan, index: number): string {
  return `.cc-${op_id.slice(-8)}-${index}.tmp`;
}

/** What a killed process had begun to write. */
export async function dropTemporaries(plan: OperationPlan): Promise<void> {
  for (const [index, { path, target }] of plan.steps.entries()) {
    if (target === null || obstacleAbove(plan, path) !== undefined) continue;
    const full = join(dirname(placeIn(plan, path)), temporaryOf(plan, index));
    await rm(full, { force: true });
  }
}

/** A git directory that was made: its objects are listed nowhere. */
async function purge(plan: OperationPlan, path: string): Promise<void> {
  await rm(requirePlain(plan, path), { recursive: true, force: true });
}

async function write(
  plan: OperationPlan,
  { path, before, target }: Step,
  temporaryName: string,
  blobs: Blobs,
): Promise<void> {
  if (target === null) return;
  await inFolder(plan, path, async (full) => {
    if (before?.kind === 'file' && target.kind === 'file' && isOnlyMode(before, target)) {
      return chmod(full, target.perm);
    }
    const temporary = join(dirname(full), temporaryName);
    if (target.kind === 'link') {
      await symlink(target.link ?? (await blobs.read(target.oid ?? '')).toString(), temporary);
    } else {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(await blobs.read(target.oid ?? ''));
        await handle.chmod(target.perm);
      } finally {
        await handle.close();
      }
    }
    await rename(temporary, full);
  });
}

function isOnlyMode(before: Step['before'], target: Step['target']): boolean {
  return before?.oid !== undefined && before.oid === target?.oid;
}

async function inFolder(
  plan: OperationPlan,
  path: string,
  work: (full: string) => Promise<void>,
): Promise<void> {
  const full = requirePlain(plan, path);
  try {
    await work(full);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    // A directory without the right to write: its permissions are set at the end (`folders`).
    const stats = await lstat(dirname(full));
    await chmod(dirname(full), (stats.mode & PERMISSIONS) | OPENED);
    await work(full);
  }
}

/** Only an empty one: what somebody put there since stays, and the directory with it. */
async function remove(plan: OperationPlan, { path }: Folder): Promise<void> {
  await inFolder(plan, path, (full) =>
    rmdir(full).catch(ignoring('ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')),
  );
}

async function make(plan: OperationPlan, { path }: Folder): Promise<void> {
  await inFolder(plan, path, async (full) => {
    await mkdir(full, { mode: OPENED }).catch(ignoring('EEXIST'));
  });
}

/** Those of a directory that somebody else has changed since are left as they are. */
async function setPermissions(
  plan: OperationPlan,
  { path, before, target }: Folder,
): Promise<void> {
  if (target === null) return;
  const full = requirePlain(plan, path);
  const stats = await lstat(full).catch(() => undefined);
  if (!stats?.isDirectory()) return;
  const now = stats.mode & PERMISSIONS;
  const ours = before === null ? [OPENED] : [before, before | OPENED];
  if (now !== target && ours.includes(now)) await chmod(full, target);
}

function depth(path: string): number {
  return path.split('/').length;
}

function ignoring(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(errnoOf(error) ?? '')) throw error;
  };
}
