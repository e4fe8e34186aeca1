import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { compact } from '../core/json.ts';
import { appendEntry } from '../ledger/append.ts';
import type { Actor } from '../ledger/entry.ts';
import type { Facts } from '../ledger/facts.ts';
import { latestEntries } from '../ledger/query.ts';
import { operationLease } from '../runs/operation-lease.ts';
import { Lease } from '../store/lease.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import { Blobs } from './blobs.ts';
import { carryOut, dropTemporaries } from './carry-out.ts';
import { sizeOfFile } from './file-state.ts';
import {
  dropPlan,
  markDone,
  type Operation,
  type OperationPlan,
  operationBlobs,
  readOperations,
  writePlan,
} from './operation.ts';
import { placeIn } from './tree.ts';

/** Of what is overwritten or removed, so that it can be brought back. */
const KEEP_FILE_BYTES = 64 << 20;
const KEEP_TOTAL_BYTES = 1 << 30;
const LEDGER_LOOKS = 200;

/** What is to be done, without its name and time. */
export type Change = Pick<
  OperationPlan,
  'root' | 'object_format' | 'outside' | 'steps' | 'folders' | 'purge'
>;

export type Prepared = {
  change: Change;
  /** Puts the contents it needs into its store. */
  fill(blobs: Blobs): Promise<void>;
};

export type Asked = Pick<OperationPlan, 'kind' | 'run_id' | 'of' | 'request'> & {
  actor: Actor;
  /** What else the ledger is to know. */
  facts?: Facts;
};

/**
 * Carries out one operation on a working tree: alone, journaled before it begins, in the ledger before
 * it touches anything. The same call again carries on with one that was interrupted.
 */
export async function operate(
  host: Host,
  workspace: Workspace,
  asked: Asked,
  prepare: () => Promise<Prepared>,
): Promise<Operation> {
  const lease = Lease.tryAcquire(operationLease(workspace));
  if (!(lease instanceof Lease)) {
    throw new CcError('BUSY', `Process ${lease.holder.pid} is restoring files of this project.`, {
      hint: 'Call again in a moment.',
      retryable: true,
    });
  }
  try {
    const interrupted = await interruptedOf(workspace);
    const same = interrupted.find(({ plan }) => isSameRequest(plan, asked));
    const others = interrupted.filter(({ plan }) => plan.op_id !== same?.plan.op_id);
    // One that is taken back is not in the way of that.
    const isTakenBack = ({ plan }: Operation) => asked.kind === 'undo' && plan.op_id === asked.of;
    const inTheWay = others.find((other) => !isTakenBack(other));
    if (inTheWay !== undefined) throw isInTheWay(inTheWay);
    for (const { plan } of others) await dropTemporaries(plan);
    const operation = same ?? (await begin(host, workspace, asked, prepare));
    return await finish(host, workspace, operation, { asked, isNew: same === undefined });
  } finally {
    lease.release();
  }
}

/** Operations that were begun and neither finished nor taken back. */
export async function interruptedOf(workspace: Workspace): Promise<Operation[]> {
  const all = await begunOperations(workspace);
  return all.filter(
    ({ done, plan }) =>
      !done &&
      !all.some(
        (other) => other.done && other.plan.kind === 'undo' && other.plan.of === plan.op_id,
      ),
  );
}

/** Without a line in the ledger nothing was touched: a call that was killed before it began. */
export async function begunOperations(workspace: Workspace): Promise<Operation[]> {
  const all = await readOperations(workspace);
  return all.filter(({ plan, done }) => done || digestInLedger(workspace, plan) !== undefined);
}

/** The same call again. */
export function isSameRequest(plan: OperationPlan, asked: Omit<Asked, 'actor'>): boolean {
  return (
    plan.kind === asked.kind &&
    plan.run_id === asked.run_id &&
    plan.of === asked.of &&
    plan.request === asked.request
  );
}

async function begin(
  host: Host,
  workspace: Workspace,
  asked: Asked,
  prepare: () => Promise<Prepared>,
): Promise<Operation> {
  const now = host.clock.now();
  const opId = newId('op', now);
  try {
    const { change, fill } = await prepare();
    const blobs = await Blobs.open(operationBlobs(host.home, opId), change.object_format);
    await fill(blobs);
    await keepBefore(change, blobs);
    return await writePlan(workspace, {
      schema_version: SCHEMA_VERSION,
      op_id: opId,
      kind: asked.kind,
      run_id: asked.run_id,
      ...compact({ of: asked.of }),
      request: asked.request,
      created: isoTime(now),
      ...change,
    });
  } catch (error) {
    await dropPlan(host, workspace, opId);
    throw error;
  }
}

async function keepBefore(change: Change, blobs: Blobs): Promise<void> {
  let total = 0;
  for (const { path, before } of change.steps) {
    if (before?.kind !== 'file' || before.oid === undefined) continue;
    const full = placeIn(change, path);
    const size = sizeOfFile(full);
    if (size > KEEP_FILE_BYTES || total + size > KEEP_TOTAL_BYTES) continue;
    if (!(await blobs.keep(full, before.oid))) {
      throw new CcError('CHECK_FAILED', `${path} changed just now.`, {
        hint: 'Somebody works on these files; call again when they have finished.',
        retryable: true,
      });
    }
    total += size;
  }
}

async function finish(
  host: Host,
  workspace: Workspace,
  operation: Operation,
  { asked, isNew }: { asked: Asked; isNew: boolean },
): Promise<Operation> {
  const { plan, digest } = operation;
  const { kind, run_id, op_id } = plan;
  const count = (is: (step: OperationPlan['steps'][number]) => boolean) =>
    plan.steps.filter(is).length;
  await appendEntry(host, workspace, {
    kind,
    subject: run_id,
    key: op_id,
    actor: asked.actor,
    facts: compact({
      ...asked.facts,
      op: op_id,
      of: plan.of,
      plan_sha256: digest,
      written: count(({ target }) => target !== null),
      removed: count(({ target }) => target === null),
    }),
  }).catch(async (error: unknown) => {
    if (isNew && !isInLedger(workspace, operation)) await dropPlan(host, workspace, op_id);
    throw error;
  });
  requireUntouched(workspace, operation);
  try {
    await carryOut(
      host,
      plan,
      await Blobs.open(operationBlobs(host.home, op_id), plan.object_format),
    );
  } catch (error) {
    throw stopped(error, plan);
  }
  await markDone(host, workspace, op_id);
  return { ...operation, done: true };
}

/** The plan lies in the project; what it must say is in the ledger. */
export function requireUntouched(workspace: Workspace, operation: Operation): void {
  if (isInLedger(workspace, operation)) return;
  const { op_id } = operation.plan;
  throw new CcError('STORAGE_CORRUPT', `The plan of ${op_id} is not the one in the ledger.`, {
    hint: 'Somebody changed it; nothing was restored. Look at cc_ledger_verify.',
  });
}

function isInLedger(workspace: Workspace, { plan, digest }: Operation): boolean {
  return digestInLedger(workspace, plan) === digest;
}

function digestInLedger(workspace: Workspace, plan: OperationPlan): unknown {
  try {
    const filter = { subject: plan.run_id, kind: plan.kind };
    const { entries } = latestEntries(workspace, filter, { limit: LEDGER_LOOKS });
    return entries.find(({ facts }) => facts.op === plan.op_id)?.facts.plan_sha256;
  } catch {
    return undefined; // the ledger cannot be read
  }
}

function stopped(error: unknown, { op_id }: OperationPlan): unknown {
  if (!(error instanceof CcError)) return error;
  return new CcError(error.code, `${error.message} (${op_id} is not finished.)`, {
    hint: `${error.hint ?? ''} Or take it back with cc_undo.`.trim(),
    details: { op_id, ...error.details },
    cause: error,
  });
}

function isInTheWay({ plan }: Operation): CcError {
  const { op_id, kind, run_id } = plan;
  return new CcError('NEEDS_RECOVERY', `${kind} ${op_id} of ${run_id} was interrupted.`, {
    hint: 'Repeat that call to finish it, or take it back: cc_undo with its op_id.',
    details: { op_id, kind, run_id },
  });
}
