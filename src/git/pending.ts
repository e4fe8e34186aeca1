import type { Git } from './git.ts';
import type { RunOptions } from './run.ts';

export type Pending = {
  /** Files that differ from the index, or may (git compares times first), and untracked ones. */
  files: string[];
  /** Untracked directories that are repositories themselves. */
  repositories: string[];
  /** Directories and files git could not look at; it says so and goes on as if nothing were there. */
  unreadable: string[];
};

/** What adding everything would have to read. */
export async function pendingPaths(git: Git, only: string, limits: RunOptions): Promise<Pending> {
  const where = ['--', only === '' ? ':(top)' : `:(top,literal)${only}`];
  const [changed, untracked] = await Promise.all([
    git.run(['diff-files', '--name-only', '-z', ...where], limits),
    git.run(['ls-files', '--others', '--exclude-standard', '-z', ...where], limits),
  ]);
  const files = paths(changed.stdout);
  const repositories: string[] = [];
  for (const path of paths(untracked.stdout)) {
    // ls-files closes a directory with a slash, and names one only where it cannot look inside.
    if (path.endsWith('/')) repositories.push(path.slice(0, -1));
    else files.push(path);
  }
  const complaints = `${changed.stderr}\n${untracked.stderr}`.matchAll(UNREADABLE);
  const unreadable = [...complaints].map((match) => match[1] ?? match[2] ?? '');
  return { files, repositories, unreadable };
}

const UNREADABLE = /^(?:warning: could not open directory '(.+?)\/?'|(.+)): Permission denied$/gm;

function paths(list: Buffer): string[] {
  return list
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '');
}
