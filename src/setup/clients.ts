import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand } from '../proc/command.ts';
import { allowedEnvironment, type Environment } from '../proc/env.ts';
import { locateClaude } from '../workers/claude/locate.ts';
import type { Host } from '../workspace/host.ts';
import { readPolicy } from '../workspace/policy.ts';
import type { Client } from './names.ts';

/** A client as it is on this machine. */
export type FoundClient = {
  client: Client;
  binary?: string;
  version?: string;
  /** Its own directory of configuration, which need not exist yet. */
  home: string;
  /** The file of its user configuration that names MCP servers. */
  config: string;
  /** Where it looks for the user's skills. */
  skills: string;
  /** It is used here: found as a program, or it has a home. */
  present: boolean;
};

export async function findClients(host: Host): Promise<FoundClient[]> {
  return Promise.all([findCodex(host), findClaude(host)]);
}

async function findCodex(host: Host): Promise<FoundClient> {
  const home = host.env.CODEX_HOME || join(userDirectory(host.env), '.codex');
  const binary = onPath(
    host.env,
    process.platform === 'win32' ? ['codex.exe', 'codex.cmd'] : ['codex'],
  );
  return {
    client: 'codex',
    ...(await described(host, binary)),
    home,
    config: join(home, 'config.toml'),
    skills: join(home, 'skills'),
    present: binary !== undefined || existsSync(home),
  };
}

async function findClaude(host: Host): Promise<FoundClient> {
  const own = host.env.CLAUDE_CONFIG_DIR;
  const home = own || join(userDirectory(host.env), '.claude');
  const policy = await readPolicy(host.home).catch(() => undefined);
  const found = locateClaude(host.env, policy?.claude_path);
  return {
    client: 'claude',
    ...(await described(host, found?.path)),
    home,
    // Beside the directory by default, in it where the user has named one (measured with 2.1.329).
    config: own ? join(own, '.claude.json') : join(userDirectory(host.env), '.claude.json'),
    skills: join(home, 'skills'),
    // The one that came with us says nothing about what the user works with.
    present: (found !== undefined && found.source !== 'installed package') || existsSync(home),
  };
}

async function described(
  host: Host,
  binary: string | undefined,
): Promise<{ binary?: string; version?: string }> {
  if (binary === undefined) return {};
  const version = await versionOf(host, binary);
  return version === undefined ? { binary } : { binary, version };
}

async function versionOf(host: Host, binary: string): Promise<string | undefined> {
  const result = await runCommand(binary, ['--version'], {
    cwd: '/',
    env: clientEnvironment(host.env),
    timeoutMs: 15_000,
  }).catch(() => undefined);
  return /(\d+\.\d+\.\d+)/.exec(result?.stdout ?? '')?.[1];
}

/** For the short commands of a client: its own home, and nothing sent or updated on the way. */
export function clientEnvironment(env: Environment): Record<string, string> {
  return {
    ...allowedEnvironment(env, ['CODEX_HOME', 'CLAUDE_CONFIG_DIR']),
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
}

function userDirectory(env: Environment): string {
  return env.HOME || env.USERPROFILE || homedir();
}

export function onPath(env: Environment, names: readonly string[]): string | undefined {
  for (const directory of (env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      if (directory !== '' && isProgram(join(directory, name))) return join(directory, name);
    }
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
