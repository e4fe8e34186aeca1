import './uncompiled-schemas.ts';
import { systemClock } from '../core/clock.ts';
import { takeCarried } from '../proc/carried-env.ts';
import { tidyWorkspace } from '../runs/retention/tidy.ts';
import { supervise } from '../runs/supervise/supervise.ts';
import { userHome } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { workspaceAt } from '../workspace/layout.ts';
import { runDetached } from './detached.ts';

/**
 * Entry of the supervisor process: `supervisor.js <project directory> <run id>`. It is detached from
 * whoever started it; its stdout and stderr are the log in the private store.
 */
runDetached(async () => {
  const [root = '', runId = ''] = process.argv.slice(2);
  const workerEnv = takeCarried();
  const host: Host = {
    env: { ...process.env },
    clock: systemClock,
    home: userHome(process.env),
    supervisor: { file: process.execPath, args: [] },
    readOnly: false,
  };
  // Beside the run, so that nothing is written any more once it is over.
  const tidying = tidyWorkspace(host, workspaceAt(root));
  await supervise({ host, root, runId, workerEnv });
  await tidying;
});
