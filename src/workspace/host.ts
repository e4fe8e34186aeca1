import type { Clock } from '../core/clock.ts';
import type { Environment } from '../proc/env.ts';
import type { UserHome } from './home.ts';

/** The machine and user a call runs for. Everything below gets it passed; nothing reads globals. */
export type Host = {
  env: Environment;
  clock: Clock;
  home: UserHome;
  /** How to start a supervisor: an executable and its leading arguments. */
  supervisor: { file: string; args: readonly string[] };
  /** How to start our command line, for what opens in a window of its own. */
  cli?: { file: string; args: readonly string[] };
  /** A server started with `--read-only` starts nothing and answers `needs_recovery`. */
  readOnly: boolean;
};
