import { readdir, rm } from 'node:fs/promises';
import * as z from 'zod';
import { errnoOf } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { selfIdentity } from '../../proc/identity.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import { sharedPaths, type Workspace } from '../../workspace/layout.ts';
import type { WorkflowPaths } from './paths.ts';

const activeFile = z.object({
  launcher: z.object({ pid: z.number(), start: z.string(), boot: z.string() }),
});

/** Puts a workflow into the index of those that are not over, so that recovery need not look at all. */
export async function rememberActive(
  workspace: Workspace,
  { active }: Pick<WorkflowPaths, 'active'>,
): Promise<void> {
  await makePrivateDir(sharedPaths(workspace).activeWorkflows);
  const entry = { schema_version: SCHEMA_VERSION, launcher: selfIdentity() };
  await writeJsonAtomic(active, entry, { durable: true });
}

export async function forgetActive({ active }: Pick<WorkflowPaths, 'active'>): Promise<void> {
  await rm(active, { force: true });
}

/** Who put it there. */
export async function launcherOf({ active }: Pick<WorkflowPaths, 'active'>) {
  return activeFile.safeParse(await readJson(active).catch(() => undefined)).data?.launcher;
}

/** Oldest first. */
export async function activeWorkflowIds(workspace: Workspace): Promise<string[]> {
  try {
    const names = await readdir(sharedPaths(workspace).activeWorkflows);
    return names
      .map((name) => name.replace(/\.json$/, ''))
      .filter((name) => isId(name, 'wf'))
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
