import { systemClock } from '../core/clock.ts';
import { toErrorFacts } from '../core/errors.ts';
import { carryOutCommand } from '../workflows/commands/carry-out.ts';
import { userHome } from '../workspace/home.ts';

/**
 * Entry of the process that carries out one command of a workflow: `command.js <its private directory>`.
 * It is detached from the supervisor that started it, and only the file of its end tells how it went.
 */
const host = {
  env: { ...process.env },
  clock: systemClock,
  home: userHome(process.env),
  supervisor: { file: process.execPath, args: [] },
  readOnly: false,
};

process.on('SIGHUP', () => undefined);

carryOutCommand(host, process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    const facts = toErrorFacts(error);
    process.stderr.write(`${new Date().toISOString()} ${facts.code}: ${facts.message}\n`);
    process.exit(1);
  },
);
