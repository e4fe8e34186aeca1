import { requireId } from '../core/ids.ts';
import { openTerminal, shellCommand } from '../proc/open-terminal.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';

/** Where a person can see a run. */
export type Watcher = {
  window?: 'tmux' | 'terminal';
  not_opened_because?: string;
  watch_command: string;
};

/** Opens a window with `cc-orchestrator watch`, where there is one to open. Never fails the run. */
export async function openWatcher(host: Host, runId: string): Promise<Watcher> {
  requireId(runId, 'run');
  const cli = host.cli ?? { file: 'cc-orchestrator', args: [] };
  const args = [...cli.args, 'watch', runId];
  // A terminal has an environment of its own, and a run is known to one user home only.
  const env = { CC_ORCHESTRATOR_HOME: host.home.root };
  const home = host.env.CC_ORCHESTRATOR_HOME
    ? ['env', `CC_ORCHESTRATOR_HOME=${host.home.root}`]
    : [];
  const watch_command = shellCommand([...home, cli.file, ...args]);
  const result = await openTerminal(
    {
      file: cli.file,
      args: [...args, '--stay'],
      env,
      title: `cc-${runId.slice(-8)}`,
      scriptDir: privateRunPaths(host.home, runId).dir,
    },
    host.env,
  );
  return result.opened === undefined
    ? { watch_command, not_opened_because: result.reason }
    : { watch_command, window: result.opened };
}
