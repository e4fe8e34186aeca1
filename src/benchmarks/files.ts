import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What is inside a directory: project-relative path (with `/`) to a digest of what is there. */
export type FileMap = Map<string, string>;

const OWN = new Set(['.git', '.agent-workspace']);

/** Files below a directory, without git's and our own; links are told apart and never followed. */
export async function filesIn(dir: string): Promise<FileMap> {
  const found: FileMap = new Map();
  await collect(dir, '', found);
  return found;
}

async function collect(root: string, prefix: string, found: FileMap): Promise<void> {
  for (const name of (await readdir(join(root, prefix))).sort()) {
    if (prefix === '' && OWN.has(name)) continue;
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const entry = await lstat(join(root, path));
    if (entry.isDirectory()) await collect(root, path, found);
    else if (entry.isFile()) found.set(path, digest(await readFile(join(root, path))));
    else found.set(path, entry.isSymbolicLink() ? `link ${await readlink(join(root, path))}` : 'x');
  }
}

/** Paths whose content is not the same in both, sorted. */
export function changedPaths(before: FileMap, after: FileMap): string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Something that a check can read and copy: neither a link nor a device. */
export function isPlain(content: string): boolean {
  return /^[0-9a-f]{64}$/.test(content);
}

function digest(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
