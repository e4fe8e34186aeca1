import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { CcError, errnoOf } from '../../core/errors.ts';
import { isId, requireId } from '../../core/ids.ts';
import { knownWorkspaces } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { managedDir, type Workspace, workspaceAt } from '../../workspace/layout.ts';
import type { Place } from '../../workspace/resolve.ts';
import { workflowPaths } from './paths.ts';
import { type FoundWorkflow, readWorkflowRecord } from './record.ts';

/** Ids of the workflows of a project, newest first; of one without a record its launcher died. */
export async function workflowIds(workspace: Workspace): Promise<string[]> {
  try {
    const names = await readdir(managedDir(workspace, 'workflows'));
    return names
      .filter((name) => isId(name, 'wf') && existsSync(workflowPaths(workspace, name).metadata))
      .sort()
      .reverse();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The newest workflows of a project; what cannot be read is left out. */
export async function listWorkflows(workspace: Workspace, limit = 20): Promise<FoundWorkflow[]> {
  const found: FoundWorkflow[] = [];
  for (const id of await workflowIds(workspace)) {
    if (found.length >= limit) break;
    const workflow = await load(workspace, id);
    if (workflow !== undefined) found.push(workflow);
  }
  return found;
}

/**
 * A workflow by its id, in the given project, else in any this user ever had. Without an id the newest
 * of the project that is no part of another one.
 */
export async function findWorkflow(
  host: Host,
  near: Pick<Place, 'workspace'> | undefined,
  workflowId: string | undefined,
): Promise<FoundWorkflow> {
  if (workflowId === undefined) return newestOf(near?.workspace);
  requireId(workflowId, 'wf');
  const roots = new Set([
    ...(near === undefined ? [] : [near.workspace.root]),
    ...(await knownWorkspaces(host.home)),
  ]);
  for (const workspace of [...roots].map(workspaceAt)) {
    const paths = workflowPaths(workspace, workflowId);
    if (!existsSync(paths.metadata)) continue;
    return { workspace, paths, record: await readWorkflowRecord(workspace, workflowId) };
  }
  throw new CcError('NOT_FOUND', `No workflow ${workflowId} in ${roots.size} known project(s).`, {
    hint: 'Leave workflow_id out for the newest one, or pass cwd of its project.',
  });
}

async function newestOf(near: Workspace | undefined): Promise<FoundWorkflow> {
  const ids = near === undefined ? [] : await workflowIds(near);
  for (const id of ids) {
    const found = near && (await load(near, id));
    if (found?.record.parent === null) return found;
  }
  throw new CcError('NOT_FOUND', 'There is no workflow in this project.', {
    hint: 'Start one with cc_workflow_run, or pass cwd of its project.',
  });
}

/** Undefined for one whose record cannot be read: it must not hide the others. */
async function load(workspace: Workspace, id: string): Promise<FoundWorkflow | undefined> {
  const record = await readWorkflowRecord(workspace, id).catch(() => undefined);
  return record && { workspace, paths: workflowPaths(workspace, id), record };
}
