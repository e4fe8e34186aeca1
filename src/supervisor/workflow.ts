import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../core/clock.ts';
import { toErrorFacts } from '../core/errors.ts';
import { WORKER_ENV_PREFIX } from '../runs/start-supervisor.ts';
import { tidyWorkflows } from '../workflows/instances/clean.ts';
import { superviseWorkflow } from '../workflows/supervise/supervise.ts';
import { userHome } from '../workspace/home.ts';
import { workspaceAt } from '../workspace/layout.ts';

/**
 * Entry of the process that carries a workflow on: `workflow-supervisor.js <project directory>
 * <workflow id>`. It is detached from whoever started it; its stdout and stderr are the log in the
 * private store. The variables of whoever started it come under a prefix: profiles are found by them.
 */
async function main(): Promise<void> {
  const [root = '', workflowId = ''] = process.argv.slice(2);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || !name.startsWith(WORKER_ENV_PREFIX)) continue;
    env[name.slice(WORKER_ENV_PREFIX.length)] = value;
    // Helper programs we start must not see it.
    delete process.env[name];
  }
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
}

// A terminal that goes away must not take its workflows with it.
process.on('SIGHUP', () => undefined);

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const facts = toErrorFacts(error);
    const stack = error instanceof Error ? error.stack : '';
    process.stderr.write(`${new Date().toISOString()} ${facts.code}: ${facts.message}\n${stack}\n`);
    process.exit(1);
  },
);
