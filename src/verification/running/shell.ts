export type Program = { file: string; args: readonly string[] };

/** How a line a user wrote is run: by the shell of the system, which nothing of ours is pasted into. */
export function shellCommand(line: string): Program {
  if (process.platform === 'win32') {
    return { file: process.env.COMSPEC ?? 'cmd.exe', args: ['/d', '/s', '/c', line] };
  }
  return { file: '/bin/sh', args: ['-c', line] };
}
