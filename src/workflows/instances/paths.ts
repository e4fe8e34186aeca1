import { join } from 'node:path';
import { requireId } from '../../core/ids.ts';
import type { UserHome } from '../../workspace/home.ts';
import { managedDir, sharedPaths, type Workspace } from '../../workspace/layout.ts';

/** The files of one workflow. All of them may be shown. */
export type WorkflowPaths = ReturnType<typeof workflowPaths>;

export function workflowPaths(workspace: Workspace, workflowId: string) {
  const id = requireId(workflowId, 'wf');
  const dir = join(managedDir(workspace, 'workflows'), id);
  return {
    dir,
    metadata: join(dir, 'metadata.json'),
    /** The file as it was given, and those it uses. */
    source: join(dir, 'workflow.yaml'),
    sources: join(dir, 'sources'),
    /** What the file means, compiled. */
    plan: join(dir, 'plan.json'),
    /** Everything that happened, in order; all else follows from it. */
    journal: join(dir, 'journal.ndjson'),
    /** What the journal has come to; a cache. */
    state: join(dir, 'state.json'),
    inbox: join(dir, 'inbox'),
    report: join(dir, 'report.md'),
    commands: join(dir, 'commands'),
    lease: join(dir, 'supervisor'),
    /** In the index of workflows that are not over. */
    active: join(sharedPaths(workspace).activeWorkflows, `${id}.json`),
  };
}

/** What is not shown: the plan and the task word for word. */
export function privateWorkflowPaths(home: UserHome, workflowId: string) {
  const dir = join(home.workflows, requireId(workflowId, 'wf'));
  return {
    dir,
    plan: join(dir, 'plan.json'),
    task: join(dir, 'task.txt'),
    log: join(dir, 'supervisor.log'),
    /** One directory for each command, named by the digest of its key. */
    commands: join(dir, 'commands'),
    /** Whom to wake, and what that controller has been told. */
    wake: join(dir, 'wake.json'),
    told: join(dir, 'told.json'),
  };
}
