import { spawn, spawnSync } from 'node:child_process';
import { type Machine, machine } from '../mcp/face.ts';
import { BIN } from '../mcp/server-process.ts';
import { PATIENCE_MS } from '../support/patience.ts';

export type Finished = { code: number | null; out: string; err: string };

/** Runs the built command in the project of a machine of its own. */
export function command(
  args: readonly string[],
  options: { place?: Machine; env?: Record<string, string>; stdin?: string } = {},
): Finished {
  const place = options.place ?? machine();
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: place.project,
    env: { ...place.env, ...options.env },
    input: options.stdin ?? '',
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  if (error) throw error;
  return { code: status, out: stdout, err: stderr };
}

/** Runs it with a reader that goes away at once. */
export async function commandUnread(args: readonly string[]): Promise<Finished> {
  const { project, env } = machine();
  const child = spawn(process.execPath, [BIN, ...args], { cwd: project, env, stdio: 'pipe' });
  child.stdout.destroy();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.end();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out: '', err };
}
