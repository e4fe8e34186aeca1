import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import type { Environment } from '../proc/env.ts';
import type { Host } from '../workspace/host.ts';
import { SERVER } from './names.ts';

/** Where this cc-orchestrator lies, and how a client is to start it. */
export type Installation = {
  /** Holds `dist/` and `install/`. */
  root: string;
  /** Holds `SKILL.md` and `skill/`. */
  skill: string;
  kind: 'clone' | 'package' | 'npx' | 'plugin';
  server: { command: string; args: string[] };
};

export function installationOf(host: Host): Installation {
  const script = host.cli?.args[0] ?? '';
  const root = dirname(dirname(script));
  // A plugin has its skill where plugins have theirs.
  const skill = existsSync(join(root, 'SKILL.md')) ? root : join(root, 'skills', SERVER);
  const template = join(root, 'install', 'codex.config.toml');
  for (const needed of [script, join(skill, 'SKILL.md'), template]) {
    if (existsSync(needed)) continue;
    throw new CcError('NOT_FOUND', `${needed} is missing from this installation.`, {
      hint: 'In a clone: npm ci && npm run build. Otherwise: npm install -g cc-orchestrator',
    });
  }
  const server = { command: nodeOf(host.env), args: [script, 'mcp'] };
  return { root, skill, kind: kindOf(root), server };
}

function kindOf(root: string): Installation['kind'] {
  if (root.includes(`${sep}_npx${sep}`)) return 'npx';
  if (/[\\/]plugins[\\/]cache[\\/]/.test(root)) return 'plugin';
  return existsSync(join(root, 'src')) ? 'clone' : 'package';
}

/**
 * The Node of this process, by the name under which it is on the PATH: a version manager's or a
 * package's own directory would be gone after its next upgrade. Absolute, because a client that was
 * started from a desktop has another PATH.
 */
function nodeOf(env: Environment): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const directory of (env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    try {
      if (directory !== '' && realpathSync(path) === realpathSync(process.execPath)) return path;
    } catch {
      // not there
    }
  }
  return process.execPath;
}

export async function templateOf({ root }: Installation): Promise<string> {
  return readFile(join(root, 'install', 'codex.config.toml'), 'utf8');
}
