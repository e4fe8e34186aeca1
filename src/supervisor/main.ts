import './uncompiled-schemas.ts';
import { systemClock } from '../core/clock.ts';
import { toErrorFacts } from '../core/errors.ts';
import { tidyWorkspace } from '../runs/retention/tidy.ts';
import { WORKER_ENV_PREFIX } from '../runs/start-supervisor.ts';
import { supervise } from '../runs/supervise/supervise.ts';
import { userHome } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { workspaceAt } from '../workspace/layout.ts';

/**
 * Entry of the supervisor process: `supervisor.js <project directory> <run id>`. It is detached from
 * whoever started it; its stdout and stderr are the log in the private store.
 */
async function main(): Promise<void> {
  const [root = '', runId = ''] = process.argv.slice(2);
  const workerEnv: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined || !name.startsWith(WORKER_ENV_PREFIX)) continue;
    workerEnv[name.slice(WORKER_ENV_PREFIX.length)] = value;
    // Helper programs we start must not see it.
    delete process.env[name];
  }
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
}

// A terminal that goes away must not take its runs with it.
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
