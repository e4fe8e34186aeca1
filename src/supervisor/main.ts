import { systemClock } from '../core/clock.ts';
import { toErrorFacts } from '../core/errors.ts';
import { WORKER_ENV_PREFIX } from '../runs/start-supervisor.ts';
import { supervise } from '../runs/supervise/supervise.ts';
import { userHome } from '../workspace/home.ts';

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
  await supervise({
    host: {
      env: { ...process.env },
      clock: systemClock,
      home: userHome(process.env),
      supervisor: { file: process.execPath, args: [] },
      readOnly: false,
    },
    root,
    runId,
    workerEnv,
  });
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
