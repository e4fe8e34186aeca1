import { toErrorFacts } from '../core/errors.ts';
import { runCommand } from './command.ts';
import { allowedEnvironment, type Environment } from './env.ts';

const OPENERS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'open',
  win32: 'explorer.exe',
  linux: 'xdg-open',
};

/** Shows a folder in the desktop's file manager; says why where there is none. */
export async function openFolder(
  path: string,
  env: Environment,
): Promise<{ opened: boolean; reason?: string }> {
  const opener = OPENERS[process.platform];
  if (opener === undefined) return { opened: false, reason: 'no file manager known here' };
  if (opener === 'xdg-open' && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    return { opened: false, reason: 'no desktop session (DISPLAY is not set)' };
  }
  try {
    const result = await runCommand(opener, [path], {
      cwd: path,
      env: allowedEnvironment(env, ['DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS']),
      timeoutMs: 10_000,
    });
    // explorer.exe exits 1 also when it worked.
    const opened = result.exitCode === 0 || opener === 'explorer.exe';
    return opened ? { opened } : { opened, reason: `${opener} exited with ${result.exitCode}` };
  } catch (error) {
    return { opened: false, reason: toErrorFacts(error).message };
  }
}
