import { lstatSync } from 'node:fs';

/** What stands at a path; a link, a device and what cannot even be looked at are `other`. */
export function kindOf(path: string): 'file' | 'directory' | 'missing' | 'other' {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return 'missing';
    return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
  } catch {
    return 'other'; // too long to exist, below a file, or not ours to see
  }
}
