import { join } from 'node:path';
import { requireId } from '../core/ids.ts';

/** Where everything lives inside a project. Paths only; nothing is created here. */
export const WORKSPACE_DIR = '.agent-workspace';
export const PRODUCT_DIR = 'claude-code-orchestrator';

export const MANAGED_DIRS = [
  'runs',
  'teams',
  'queue',
  'workflows',
  'ledger',
  'reports',
  'dashboard',
  'archives',
  'rollback',
  'logs',
  'tmp',
  'templates',
  'policies',
] as const;
export type ManagedDir = (typeof MANAGED_DIRS)[number];

/** A project's workspace. `root` is the project directory, `base` our directory inside it. */
export type Workspace = {
  root: string;
  base: string;
};

export function workspaceAt(root: string): Workspace {
  return { root, base: join(root, WORKSPACE_DIR, PRODUCT_DIR) };
}

export function managedDir(workspace: Workspace, name: ManagedDir): string {
  return join(workspace.base, name);
}

/** The files of one run. */
export type RunPaths = ReturnType<typeof runPaths>;

export function runPaths(workspace: Workspace, runId: string) {
  const dir = join(managedDir(workspace, 'runs'), requireId(runId, 'run'));
  return {
    dir,
    metadata: join(dir, 'metadata.json'),
    /** A second copy of it, as long as the run goes on. */
    spareMetadata: join(dir, '.metadata.json'),
    prompt: join(dir, 'prompt.md'),
    events: join(dir, 'events.ndjson'),
    stdout: join(dir, 'stdout.txt'),
    /** The answer that satisfies the run's output schema. */
    output: join(dir, 'output.json'),
    stderr: join(dir, 'stderr.txt'),
    summary: join(dir, 'progress_summary.json'),
    decision: join(dir, 'latest_decision.md'),
    riskFlags: join(dir, 'risk_flags.json'),
    timeline: join(dir, 'tool_timeline.md'),
    checkpoints: join(dir, 'checkpoints'),
    changedFiles: join(dir, 'changed_files.json'),
    diff: join(dir, 'diff.patch'),
    /** What the run was and came to, as an in-toto statement bound to the ledger. */
    receipt: join(dir, 'receipt.json'),
    verification: join(dir, 'verification'),
    secretFindings: join(dir, 'secret_findings.json'),
    inbox: join(dir, 'inbox'),
    lease: join(dir, 'supervisor'),
    ballast: join(dir, '.ballast'),
    /** Where the task of a failed run went on, or why it stays; and who is deciding that. */
    fallback: join(dir, 'fallback.json'),
    fallbackLease: join(dir, 'fallback'),
  };
}

/** Shared files of a workspace, written under the launch lease. */
export function sharedPaths(workspace: Workspace) {
  const state = join(workspace.base, 'state');
  return {
    workspaceFile: join(workspace.base, 'workspace.json'),
    launchLease: join(state, 'launch'),
    /** One file per run that is not final: the index that makes status cheap. */
    active: join(state, 'active'),
    /** One file per workflow that is not over. */
    activeWorkflows: join(state, 'active-workflows'),
    /** The last run, and the last run of each controller thread. */
    last: join(state, 'last'),
    keys: join(state, 'keys'),
    /** Held while the commands of a verification run there, one directory for each tree. */
    verifyTurns: join(state, 'verify-turns'),
    /** What ended runs have used, one file per day; can be rebuilt from their records. */
    usage: join(state, 'usage'),
    /** What is known of the sizes of ended runs, and when it was last looked for old ones. */
    retention: join(state, 'retention'),
    /** What is still to be done about the work of runs. */
    openItems: join(state, 'open-items'),
  };
}
