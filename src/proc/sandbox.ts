import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { BUBBLEWRAP_FLAGS, BUBBLEWRAP_ROOT, bubblewrapArguments } from './bubblewrap.ts';
import type { Environment } from './env.ts';
import type { SandboxView } from './sandbox-view.ts';
import { seatbeltProfile } from './seatbelt.ts';

/** What can enclose a worker here. `flags` are those with which it was seen to work. */
export type Sandbox =
  | { kind: 'bubblewrap'; file: string; flags: readonly string[] }
  | { kind: 'seatbelt'; file: string }
  | { kind: 'none'; why: string };

/** `require`: rather no worker than one without a sandbox. */
export type SandboxMode = 'auto' | 'require' | 'off';

const PROBE_MS = 5000;
const SANDBOX_EXEC = '/usr/bin/sandbox-exec';
const SWITCHED_OFF = 'switched off by `sandbox: off` in policy.yaml';
const MAC_UNTESTED =
  'the sandbox for macOS is untested; `sandbox: require` in policy.yaml switches it on';

const probed = new Map<string, Sandbox>();

/**
 * The sandbox of this machine, shown to work by starting something in it, once per process. That there
 * is none is found out anew every time: somebody may install it while a server goes on.
 */
export async function findSandbox(mode: SandboxMode, env: Environment): Promise<Sandbox> {
  if (mode === 'off') return { kind: 'none', why: SWITCHED_OFF };
  const key = `${mode} ${env.PATH ?? ''}`;
  const known = probed.get(key);
  if (known !== undefined) return known;
  const found = await probe(mode, env.PATH ?? '');
  if (found.kind !== 'none') probed.set(key, found);
  return found;
}

async function probe(mode: SandboxMode, path: string): Promise<Sandbox> {
  if (process.platform === 'darwin') return probeSeatbelt(mode);
  if (process.platform !== 'linux') {
    return { kind: 'none', why: `there is none for ${process.platform}` };
  }
  const file = onPath('bwrap', path);
  if (file === undefined) {
    return { kind: 'none', why: 'bubblewrap is not installed (`bwrap` is not on PATH)' };
  }
  let problem = '';
  for (const flags of BUBBLEWRAP_FLAGS) {
    problem = await complaint(file, [...flags, ...BUBBLEWRAP_ROOT, '--', '/bin/sh', '-c', ':']);
    if (problem === '') return { kind: 'bubblewrap', file, flags };
  }
  return { kind: 'none', why: `this system does not let bubblewrap work: ${problem}` };
}

async function probeSeatbelt(mode: SandboxMode): Promise<Sandbox> {
  if (mode !== 'require') return { kind: 'none', why: MAC_UNTESTED };
  const problem = await complaint(SANDBOX_EXEC, ['-p', '(version 1)(allow default)', '/bin/sh']);
  if (problem === '') return { kind: 'seatbelt', file: SANDBOX_EXEC };
  return { kind: 'none', why: `sandbox-exec does not work: ${problem}` };
}

/** A command as it is started inside the sandbox. */
export function enclosed(
  command: { file: string; args: readonly string[]; cwd: string },
  sandbox: Exclude<Sandbox, { kind: 'none' }>,
  view: SandboxView,
): { file: string; args: string[] } {
  const { file } = sandbox;
  if (sandbox.kind === 'bubblewrap') {
    return { file, args: bubblewrapArguments(command, view, sandbox.flags) };
  }
  return { file, args: ['-p', seatbeltProfile(view), command.file, ...command.args] };
}

/** What a program says that did not exit with 0; empty where it did. */
async function complaint(file: string, args: readonly string[]): Promise<string> {
  try {
    // Not our own way to run commands: every start of a run would wait for it to be loaded.
    const options = { cwd: '/', env: {}, timeout: PROBE_MS };
    await promisify(execFile)(file, [...args], options);
    return '';
  } catch (error) {
    const said = stringAt(error, 'stderr')?.trim() || String(error);
    return oneLine(said, 200);
  }
}

function onPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter(isAbsolute)
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
