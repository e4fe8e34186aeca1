import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything on the disk, as a person would compare it: bytes, permissions, link targets, directories. */
export function disk(root: string, skip: (path: string) => boolean = isOurs): Map<string, string> {
  const seen = new Map<string, string>();
  const look = (directory: string) => {
    for (const name of readdirSync(directory).sort()) {
      const full = join(directory, name);
      const path = full.slice(root.length + 1);
      if (skip(path)) continue;
      const stats = lstatSync(full);
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isDirectory()) {
        seen.set(`${path}/`, mode);
        look(full);
      } else if (stats.isSymbolicLink()) seen.set(path, `-> ${readlinkSync(full)}`);
      else seen.set(path, `${mode} ${readFileSync(full, 'base64')}`);
    }
  };
  look(root);
  return seen;
}

/** Our records, and what git rewrites with every command or names by its content. */
export function isOurs(path: string): boolean {
  if (path === '.agent-workspace') return true;
  return /^\.git\/(?:index|objects|logs|COMMIT_EDITMSG|ORIG_HEAD)(?:\/|$)/.test(path);
}

export function differing(a: Map<string, string>, b: Map<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => a.get(path) !== b.get(path))
    .sort();
}
