import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../core/clock.ts';
import { takeCarried } from '../proc/carried-env.ts';
import { tidyWorkflows } from '../workflows/instances/clean.ts';
import { superviseWorkflow } from '../workflows/supervise/supervise.ts';
import { userHome } from '../workspace/home.ts';
import { workspaceAt } from '../workspace/layout.ts';
import { runDetached } from './detached.ts';

/**
 * Entry of the process that carries a workflow on: `workflow-supervisor.js <project directory>
 * <workflow id>`. It is detached from whoever started it; its stdout and stderr are the log in the
 * private store. It carries the variables of whoever started it: profiles are found by them.
 */
runDetached(async () => {
  const [root = '', workflowId = ''] = process.argv.slice(2);
  const env = takeCarried();
  const supervisor = join(dirname(fileURLToPath(import.meta.url)), 'supervisor.js');
  const host = {
    env,
    clock: systemClock,
    home: userHome(process.env),
    supervisor: { file: process.execPath, args: [supervisor] },
    readOnly: false,
  };
  await superviseWorkflow(host, root, workflowId);
  await tidyWorkflows(host, workspaceAt(root));
});
