import { CcError } from '../core/errors.ts';
import { requireId } from '../core/ids.ts';
import { plural } from '../core/text.ts';
import type { Actor } from '../ledger/entry.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import { arrange } from './arrange.ts';
import { Blobs } from './blobs.ts';
import { type FileState, isSameState, lookAtFile } from './file-state.ts';
import { isIndex, isIndexNow } from './index-list.ts';
import { begunOperations, type Change, operate, requireUntouched } from './operate.ts';
import { type Operation, operationBlobs } from './operation.ts';
import { requireNoWriter } from './other-writers.ts';
import { placeIn } from './tree.ts';

export type Direction = 'undo' | 'redo';

export type Reversal = {
  of: Operation;
  change: Change;
  /** Changed by somebody since; they would be lost. */
  conflicts: string[];
  /** Their content was not kept. */
  not_restorable: string[];
};

const NAMED = 50;
const USUAL = 0o755;

/**
 * The operation that a call means: the named one, or the last one that can be undone (redone). Of
 * several, only the last: what came later builds on it.
 */
export async function operationMeant(
  workspace: Workspace,
  direction: Direction,
  opId: string | undefined,
): Promise<Operation> {
  const all = await begunOperations(workspace);
  if (opId !== undefined) requireId(opId, 'op');
  const own = all.filter(({ plan }) => plan.kind === 'rollback' || plan.kind === 'apply');
  const fits = (one: Operation) => isUndone(all, one) === (direction === 'redo');
  if (opId !== undefined) {
    const named = own.find(({ plan }) => plan.op_id === opId);
    if (named === undefined) throw nothing(direction, `There is no operation ${opId} here.`);
    if (fits(named)) return named;
    const is = direction === 'undo' ? 'is undone already' : 'was not undone';
    throw nothing(direction, `${opId} ${is}.`);
  }
  const last = own.filter(fits).at(-1);
  if (last !== undefined) return last;
  throw nothing(direction, `Nothing to ${direction} in this project.`);
}

function isUndone(all: readonly Operation[], { plan }: Operation): boolean {
  const about = all.filter((other) => other.done && other.plan.of === plan.op_id);
  return about.at(-1)?.plan.kind === 'undo';
}

function nothing(direction: Direction, message: string): CcError {
  return new CcError('NOT_FOUND', message, {
    hint: `Only a rollback or an apply can be taken back; its answer names the op_id. cc_ledger_query lists them (${direction === 'undo' ? 'kind rollback or apply' : 'kind undo'}).`,
  });
}

/** What taking an operation back (or doing it again) means now. */
export async function planReversal(
  host: Host,
  workspace: Workspace,
  direction: Direction,
  of: Operation,
): Promise<Reversal> {
  requireUntouched(workspace, of);
  const { plan } = of;
  const { root, outside, object_format: format } = plan;
  const blobs = await Blobs.open(operationBlobs(host.home, plan.op_id), format);
  const isBack = direction === 'undo';
  const change: Change = {
    root,
    outside,
    object_format: format,
    steps: [],
    folders: [],
    purge: [],
  };
  const conflicts: string[] = [];
  const lost = isBack ? [...plan.purge] : [];
  for (const { path, before, target } of plan.steps) {
    const [from, to] = isBack ? [target, before] : [before, target];
    const now = lookAtFile(placeIn(plan, path), format);
    if (isSameState(now, to ?? undefined)) continue;
    const isAs = (state: FileState | null) => isIndexLike(host, of, path, state, blobs);
    if (!isSameState(now, from ?? undefined) && !(await isAs(from))) {
      // Of an index that lists what it should, nothing has to be put back.
      if (await isAs(to)) continue;
      conflicts.push(path);
    }
    if (to !== null && !(await canMake(to, blobs))) lost.push(path);
    else
      change.steps.push({ path, before: now ?? null, target: to === null ? null : asTarget(to) });
  }
  const folders = plan.folders.map(({ path, before, target }) =>
    isBack ? { path, before: target, target: before } : { path, before, target },
  );
  const arranged = arrange(plan, format, change.steps, folders, () => USUAL);
  change.folders = arranged.folders;
  if (!isBack) change.purge = plan.purge;
  return {
    of,
    change,
    conflicts: [...new Set([...conflicts, ...arranged.obstacles])].sort(),
    not_restorable: lost,
  };
}

async function isIndexLike(
  host: Host,
  { plan }: Operation,
  path: string,
  state: FileState | null,
  blobs: Blobs,
): Promise<boolean> {
  if (state?.oid === undefined || !isIndex(path, plan.outside)) return false;
  const content = await blobs.read(state.oid).catch(() => undefined);
  if (content === undefined) return false;
  return isIndexNow(host, plan.root, plan.object_format, placeIn(plan, path), content);
}

async function canMake({ kind, oid, link }: FileState, blobs: Blobs): Promise<boolean> {
  if (kind === 'link' && link !== undefined) return true;
  return kind !== 'other' && oid !== undefined && (await blobs.has(oid));
}

/** A file that is made anew has other times. */
function asTarget({ print: _print, ...state }: FileState): FileState {
  return state;
}

/** Takes an operation back, or does it again. */
export async function reverse(
  host: Host,
  workspace: Workspace,
  direction: Direction,
  of: Operation,
  actor: Actor,
): Promise<Operation> {
  const { op_id, run_id } = of.plan;
  const asked = { kind: direction, run_id, of: op_id, request: '{}', actor };
  return operate(host, workspace, asked, async () => {
    const { change, conflicts, not_restorable } = await planReversal(
      host,
      workspace,
      direction,
      of,
    );
    if (conflicts.length > 0) {
      throw new CcError(
        'CHECK_FAILED',
        `${plural(conflicts.length, 'file was', 'files were')} changed since ${op_id}.`,
        {
          hint: `Their edits would be lost: move them away, then call cc_${direction} again.`,
          details: { conflicts: conflicts.slice(0, NAMED) },
        },
      );
    }
    if (not_restorable.length > 0) {
      throw new CcError(
        'CHECK_FAILED',
        `${plural(not_restorable.length, 'file was', 'files were')} not kept.`,
        {
          hint: 'They were too large or too many (installed packages, say), and have to be made again.',
          details: { not_restorable: not_restorable.slice(0, NAMED) },
        },
      );
    }
    await requireNoWriter(
      workspace,
      change,
      change.steps.map(({ path }) => path),
    );
    const format = change.object_format;
    const from = await Blobs.open(operationBlobs(host.home, op_id), format);
    return {
      change,
      fill: async (blobs) => {
        for (const { target } of change.steps) {
          if (target?.oid !== undefined && target.link === undefined) {
            await blobs.adopt(from, target.oid);
          }
        }
      },
    };
  });
}
