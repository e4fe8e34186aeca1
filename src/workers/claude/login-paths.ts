import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** What the user wrote there for their own sessions, and what starts programs in them. */
const KEPT = [
  'settings.json',
  'settings.local.json',
  'CLAUDE.md',
  'agents',
  'commands',
  'hooks',
  'output-styles',
  'plugins',
  'rules',
  'skills',
] as const;

/**
 * What Claude Code must be able to write with the user's own login: it renews the token by replacing
 * files in this directory, under a lock in it. `readOnly` is what of it a worker has no business with.
 */
export function loginPaths(home: string): { writable: string[]; readOnly: string[] } {
  const directory = join(home, '.claude');
  return {
    writable: existing([directory, join(home, '.claude.json')]),
    readOnly: existing(KEPT.map((name) => join(directory, name))),
  };
}

function existing(paths: readonly string[]): string[] {
  return paths.filter(existsSync).map((path) => realpathSync(path));
}
