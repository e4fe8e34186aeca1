import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { canonicalJson, sha256 } from '../core/canonical.ts';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { isId, requireId } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { UserHome } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { managedDir, type Workspace } from '../workspace/layout.ts';
import { fileState } from './file-state.ts';

const OPERATION_KINDS = ['rollback', 'apply', 'undo', 'redo'] as const;

const step = z.object({
  /** From the root, with `/`. */
  path: z.string(),
  /** null: there is none. */
  before: fileState.nullable(),
  target: fileState.nullable(),
});
export type Step = z.infer<typeof step>;

/** Permission bits of a directory; null where there is none. */
const folder = z.object({
  path: z.string(),
  before: z.number().nullable(),
  target: z.number().nullable(),
});
export type Folder = z.infer<typeof folder>;

/** What an operation on a working tree is going to do. Written before it begins, never changed. */
const operationPlan = z.object({
  schema_version: z.number(),
  op_id: z.string(),
  kind: z.enum(OPERATION_KINDS),
  /** The run whose changes it is about. */
  run_id: z.string(),
  /** The operation that it takes back, or does again. */
  of: z.string().optional(),
  /** What was asked for; the same again carries on with an operation that was interrupted. */
  request: z.string(),
  created: z.string(),
  root: z.string(),
  object_format: z.enum(['sha1', 'sha256']),
  /** Git directories outside of the root, as paths from there. */
  outside: z.array(z.string()),
  steps: z.array(step),
  folders: z.array(folder),
  /** Git directories that are to go as a whole. */
  purge: z.array(z.string()),
});
export type OperationPlan = z.infer<typeof operationPlan>;

export type Operation = { plan: OperationPlan; digest: string; done: boolean };

function operationPaths(workspace: Workspace, opId: string) {
  const dir = join(managedDir(workspace, 'rollback'), requireId(opId, 'op'));
  return { dir, plan: join(dir, 'plan.json'), done: join(dir, 'done.json') };
}

/** Contents it needs, or that are needed to take it back; outside of the project. */
export function operationBlobs(home: UserHome, opId: string): string {
  return join(home.operations, requireId(opId, 'op'), 'blobs');
}

export async function writePlan(workspace: Workspace, plan: OperationPlan): Promise<Operation> {
  const paths = operationPaths(workspace, plan.op_id);
  await makePrivateDir(paths.dir);
  await writeJsonAtomic(paths.plan, plan, { durable: true });
  return { plan, digest: digestOfPlan(plan), done: false };
}

export async function markDone(host: Host, workspace: Workspace, opId: string): Promise<void> {
  const time = isoTime(host.clock.now());
  const file = { schema_version: SCHEMA_VERSION, op_id: opId, time };
  await writeJsonAtomic(operationPaths(workspace, opId).done, file, { durable: true });
}

/** Of an operation that never began. */
export async function dropPlan(host: Host, workspace: Workspace, opId: string): Promise<void> {
  await rm(operationPaths(workspace, opId).dir, { recursive: true, force: true });
  await rm(join(host.home.operations, opId), { recursive: true, force: true });
}

function digestOfPlan(plan: OperationPlan): string {
  return sha256(canonicalJson(plan));
}

/** All operations of a workspace, oldest first. */
export async function readOperations(workspace: Workspace): Promise<Operation[]> {
  const names = (await ifThere(readdir(managedDir(workspace, 'rollback')))) ?? [];
  const operations: Operation[] = [];
  for (const name of names.filter((one) => isId(one, 'op')).sort()) {
    const operation = await readOperation(workspace, name);
    if (operation !== undefined) operations.push(operation);
  }
  return operations;
}

async function readOperation(workspace: Workspace, opId: string): Promise<Operation | undefined> {
  const paths = operationPaths(workspace, opId);
  const value = await readJson(paths.plan);
  if (value === undefined) return undefined; // it never began
  const parsed = operationPlan.safeParse(value);
  if (!parsed.success || parsed.data.op_id !== opId) {
    throw new CcError('STORAGE_CORRUPT', `${paths.plan} is not the plan of an operation.`, {
      hint: 'Something else changed the file; restore it, or move its directory away.',
    });
  }
  const done = (await readJson(paths.done)) !== undefined;
  return { plan: parsed.data, digest: digestOfPlan(parsed.data), done };
}
