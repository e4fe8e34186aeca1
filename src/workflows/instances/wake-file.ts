import { existsSync } from 'node:fs';
import * as z from 'zod';
import { type WakeTarget, wakeTarget } from '../../runs/outbox.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import { privateWorkflowPaths } from './paths.ts';

/** What was told long ago comes up no more. */
const KEPT = 200;

/** In the user's home: no file of a project may name a program to run. */
export async function rememberWake(
  { home }: Host,
  workflowId: string,
  target: WakeTarget,
): Promise<void> {
  const { dir, wake } = privateWorkflowPaths(home, workflowId);
  await makePrivateDir(dir);
  await writeJsonAtomic(wake, { schema_version: SCHEMA_VERSION, ...target });
}

/** Whom to wake, if anybody. */
export async function readWake(
  { home }: Host,
  workflowId: string,
): Promise<WakeTarget | undefined> {
  const { wake } = privateWorkflowPaths(home, workflowId);
  return wakeTarget.safeParse(await readJson(wake).catch(() => undefined)).data;
}

/** Notes what was told. Nothing happens where nobody would be woken. */
export async function markTold(host: Host, workflowId: string, news: Iterable<string>) {
  const { wake, told } = privateWorkflowPaths(host.home, workflowId);
  if (host.readOnly || !existsSync(wake)) return;
  const before = await readTold(host, workflowId);
  const all = [...new Set([...before, ...news])];
  if (all.length === before.size) return;
  await writeJsonAtomic(told, { schema_version: SCHEMA_VERSION, news: all.slice(-KEPT) });
}

export async function readTold({ home }: Host, workflowId: string): Promise<ReadonlySet<string>> {
  const { told } = privateWorkflowPaths(home, workflowId);
  const value = await readJson(told).catch(() => undefined);
  return new Set(z.object({ news: z.array(z.string()) }).safeParse(value).data?.news);
}
