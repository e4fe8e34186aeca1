import { isGitPosition } from '../git/whole/names.ts';

/** The git directory a path of it lies in; undefined for a `.git` that is a file. */
export function gitDirOf(path: string, outside: readonly string[]): string | undefined {
  const elsewhere = outside.find((name) => path.startsWith(`${name}/`));
  if (elsewhere !== undefined) return elsewhere;
  const parts = path.split('/');
  const at = parts.findIndex((part) => part.toLowerCase() === '.git');
  return at === -1 || at === parts.length - 1 ? undefined : parts.slice(0, at + 1).join('/');
}

/** What says where a repository stands: its head, branches, a merge under way. */
export function isPosition(path: string): boolean {
  return isGitPosition(path) || /(?:^|\/)reftable\//.test(path);
}

/** What git keeps for speed and can make again; never worth a conflict. */
export function isBookkeeping(path: string): boolean {
  return /(?:^|\/)(?:objects|logs|gc\.pid|gc\.log)(?:\/|$)/.test(path);
}
