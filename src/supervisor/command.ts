import { systemClock } from '../core/clock.ts';
import { carryOutCommand } from '../workflows/commands/carry-out.ts';
import { userHome } from '../workspace/home.ts';
import { runDetached } from './detached.ts';

/**
 * Entry of the process that carries out one command of a workflow: `command.js <its private directory>`.
 * It is detached from the supervisor that started it, and only the file of its end tells how it went.
 */
runDetached(() => {
  const host = {
    env: { ...process.env },
    clock: systemClock,
    home: userHome(process.env),
    supervisor: { file: process.execPath, args: [] },
    readOnly: false,
  };
  return carryOutCommand(host, process.argv[2] ?? '');
});
