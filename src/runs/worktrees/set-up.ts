import { CcError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import { runCommand } from '../../proc/command.ts';
import { allowedEnvironment } from '../../proc/env.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';
import type { RunRecord, Worktree } from '../record.ts';

const TAIL_CHARS = 300;

/**
 * Runs the user's setup command in a fresh copy, before anything is compared with it. What it does is
 * nobody's change.
 */
export async function setUpWorktree(host: Host, record: RunRecord): Promise<void> {
  const { worktree, workspace, lineage, run_id } = record;
  if (worktree === undefined || lineage !== undefined) return;
  await setUpCopy(host, { worktree, workspace, cookie: run_id });
}

export async function setUpCopy(
  host: Host,
  { worktree, workspace, cookie }: { worktree: Worktree; workspace: string; cookie: string },
): Promise<void> {
  const policy = await readPolicy(host.home);
  const { setup, setup_timeout_seconds: seconds } = policy.worktrees.projects[workspace] ?? {};
  if (setup === undefined || seconds === undefined) return;
  const env = {
    ...allowedEnvironment(host.env, policy.env_pass),
    ...portsOf({ worktree }),
    CI: 'true',
  };
  const { exitCode, timedOut, stdout, stderr } = await runCommand('/bin/sh', ['-c', setup], {
    cwd: worktree.root,
    env,
    timeoutMs: seconds * 1000,
    cookie: { name: 'CC_ORCHESTRATOR_SETUP', value: cookie },
  });
  if (exitCode === 0 && !timedOut) return;
  const how = timedOut ? `did not end within ${seconds} s` : `ended with ${exitCode ?? 'a signal'}`;
  const said = oneLine((stderr || stdout).slice(-TAIL_CHARS), TAIL_CHARS);
  throw new CcError('COMMAND_FAILED', `The setup of the worktree ${how}: ${said}`, {
    hint: 'Correct worktrees.projects in policy.yaml, then start the run again.',
  });
}

/** The ports of its copy, as variables for worker, setup and tests. */
export function portsOf({ worktree }: Pick<RunRecord, 'worktree'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(worktree?.ports ?? {}).map(([name, port]) => [name, String(port)]),
  );
}
