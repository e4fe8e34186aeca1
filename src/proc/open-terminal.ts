import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toErrorFacts } from '../core/errors.ts';
import { runCommand } from './command.ts';
import { allowedEnvironment, type Environment } from './env.ts';

/** A program to show in a window of its own. Nothing of it may come from a worker. */
export type WindowCommand = {
  file: string;
  args: readonly string[];
  /** Variables it needs beside what its terminal has. */
  env: Readonly<Record<string, string>>;
  title: string;
  /** A private directory for a script, where the terminal takes nothing else. */
  scriptDir: string;
};

/** How a window is opened: a program, and a script that it runs where it needs one. */
export type Opener = {
  kind: 'tmux' | 'terminal';
  file: string;
  args: string[];
  script?: { path: string; text: string };
};

const OPEN_MS = 10_000;

/** Opens a window that shows the program; says why where there is none to open. */
export async function openTerminal(
  command: WindowCommand,
  env: Environment,
): Promise<{ opened: Opener['kind'] } | { opened: undefined; reason: string }> {
  const opener = openerFor(command, env, process.platform);
  if (opener === undefined) {
    return {
      opened: undefined,
      reason: 'neither inside tmux nor on a system whose terminal we open',
    };
  }
  try {
    if (opener.script !== undefined) {
      writeFileSync(opener.script.path, opener.script.text);
      chmodSync(opener.script.path, 0o700);
    }
    const result = await runCommand(opener.file, opener.args, {
      cwd: command.scriptDir,
      env: allowedEnvironment(env, ['TMUX', 'TMUX_PANE']),
      timeoutMs: OPEN_MS,
    });
    if (result.exitCode === 0) return { opened: opener.kind };
    const why = result.stderr.trim() || `${opener.file} exited with ${result.exitCode}`;
    return { opened: undefined, reason: why.slice(0, 300) };
  } catch (error) {
    return { opened: undefined, reason: toErrorFacts(error).message };
  }
}

/** Undefined where no window can be opened. macOS and Windows have not been tried on real machines. */
export function openerFor(
  command: WindowCommand,
  env: Environment,
  platform: NodeJS.Platform,
): Opener | undefined {
  if (env.TMUX) return tmux(command);
  if (platform === 'darwin') return macTerminal(command);
  if (platform === 'win32') return windowsTerminal(command);
  return undefined;
}

/** Several arguments after `--` are run as they are; a single one would go through a shell. */
function tmux(command: WindowCommand): Opener {
  // At the end of an argument a semicolon would begin another command of tmux.
  const program = withVariables(command).map((word) => word.replace(/;$/, '\\;'));
  return {
    kind: 'tmux',
    file: 'tmux',
    args: ['new-window', '-n', command.title, '--', ...program],
  };
}

function macTerminal(command: WindowCommand): Opener {
  const path = join(command.scriptDir, 'watch.command');
  return {
    kind: 'terminal',
    file: 'open',
    args: ['-a', 'Terminal', path],
    script: { path, text: `#!/bin/sh\nexec ${shellCommand(withVariables(command))}\n` },
  };
}

function withVariables({ file, args, env }: WindowCommand): string[] {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return ['env', ...assignments, file, ...args];
}

/** The script has a fixed name in its working directory, so that `start` is given nothing to quote. */
function windowsTerminal({ file, args, env, scriptDir }: WindowCommand): Opener {
  const quote = (text: string) => `"${text.replaceAll('%', '%%').replaceAll('"', '')}"`;
  const lines = [
    '@echo off',
    ...Object.entries(env).map(([name, value]) => `set ${quote(`${name}=${value}`)}`),
    [file, ...args].map(quote).join(' '),
  ];
  return {
    kind: 'terminal',
    file: 'cmd.exe',
    args: ['/d', '/c', 'start', 'cc-orchestrator', 'watch.cmd'],
    script: { path: join(scriptDir, 'watch.cmd'), text: `${lines.join('\r\n')}\r\n` },
  };
}

/** A program and its arguments as one line for a POSIX shell. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
