import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../core/clock.ts';
import { userHome } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';

/** The host of this process: its environment, the system clock, and the supervisor beside this file. */
export function processHost(options: { readOnly: boolean }): Host {
  const env = { ...process.env };
  return {
    env,
    clock: systemClock,
    home: userHome(env),
    supervisor: { file: process.execPath, args: [built('supervisor.js')] },
    cli: { file: process.execPath, args: [built('cc-orchestrator.js')] },
    readOnly: options.readOnly,
  };
}

function built(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, name);
  // Beside us in the bundle; from the sources (tests) it is the built one.
  return existsSync(beside) ? beside : join(here, '..', '..', 'dist', name);
}
