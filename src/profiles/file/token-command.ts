import { join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { runCommand } from '../../proc/command.ts';
import { allowedEnvironment } from '../../proc/env.ts';
import { isSendable } from '../endpoint.ts';
import { isPlaceholder } from '../placeholder.ts';
import type { ProfileHost } from '../profile.ts';

const TIMEOUT_MS = 20_000;
const MAX_BYTES = 64 << 10;

/** Where password managers and key rings find their agents and stores. */
const KEYRING_VARIABLES = [
  'DBUS_SESSION_BUS_ADDRESS',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'GNUPGHOME',
  'GPG_TTY',
  'PASSWORD_STORE_DIR',
] as const;

export type TokenCommand = {
  /** Of the profile, for errors. */
  id: string;
  argv: readonly string[];
  /** Names of further variables that it gets. */
  env: readonly string[];
};

/**
 * Runs the user's own command for a token and takes the first line it prints. It is started without a
 * shell, with an empty stdin; what it prints is neither kept nor shown, also when it fails.
 */
export async function tokenFromCommand(command: TokenCommand, host: ProfileHost): Promise<string> {
  const [program = '', ...args] = command.argv;
  const result = await runCommand(expandHome(program, host.home), args, {
    cwd: host.home,
    env: allowedEnvironment(host.env, [...KEYRING_VARIABLES, ...command.env]),
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  });
  const token = result.stdout.split('\n', 1)[0]?.trim() ?? '';
  if (result.timedOut) throw failed(command, `did not end within ${TIMEOUT_MS / 1000} s`);
  if (result.exitCode !== 0) {
    throw failed(command, `ended with ${result.signal ?? `exit code ${result.exitCode}`}`);
  }
  if (token === '') throw failed(command, 'printed nothing');
  if (isPlaceholder(token)) throw failed(command, 'printed only a placeholder');
  if (!isSendable(token)) {
    throw failed(command, 'printed characters that cannot be sent in a header');
  }
  return token;
}

function failed({ id, argv }: TokenCommand, what: string): CcError {
  return new CcError('PROFILE_UNUSABLE', `The token_command of ${id} (${argv[0]}) ${what}.`, {
    hint: 'Run it in a shell of your own to see why; its output is never shown here. A password store may have to be unlocked first.',
    retryable: true,
  });
}

/** There is no shell that would do it. */
function expandHome(program: string, home: string): string {
  return program.startsWith('~/') ? join(home, program.slice(2)) : program;
}
