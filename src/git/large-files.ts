import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './run.ts';

type Limits = RunOptions & { maxFileBytes: number; maxTotalBytes: number };

const AT_ONCE = 64;

/**
 * Puts a few lines about each very large file into the index in place of its content, so that a
 * change of it shows in a diff without gigabytes being copied. Answers their paths.
 */
export async function standInForLargeFiles(
  git: Git,
  root: string,
  pending: readonly string[],
  { maxFileBytes, maxTotalBytes, ...limits }: Limits,
): Promise<string[]> {
  const large: { path: string; description: string }[] = [];
  let total = 0;
  for (let start = 0; start < pending.length; start += AT_ONCE) {
    const batch = pending.slice(start, start + AT_ONCE);
    const sizes = await Promise.all(batch.map((path) => describe(join(root, path))));
    batch.forEach((path, index) => {
      const file = sizes[index];
      if (file === undefined) return;
      if (file.size > maxFileBytes) large.push({ path, description: file.description });
      else total += file.size;
    });
  }
  if (total > maxTotalBytes) throw tooMuch(total, maxTotalBytes);
  const lines: string[] = [];
  for (const { path, description } of large) {
    const blob = await git.text(['hash-object', '-w', '--stdin'], {
      ...limits,
      input: description,
    });
    lines.push(`100644 ${blob}\t${path}\0`);
  }
  if (lines.length > 0) {
    await git.run(['update-index', '--replace', '-z', '--index-info'], {
      ...limits,
      input: lines.join(''),
    });
  }
  return large.map(({ path }) => path);
}

async function describe(path: string): Promise<{ size: number; description: string } | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (!stats.isFile()) return undefined;
    const description = [
      'Content not captured: the file is too large.',
      `size ${stats.size}`,
      `modified ${stats.mtimeNs}`,
      `changed ${stats.ctimeNs}`,
      `inode ${stats.ino}`,
      '',
    ].join('\n');
    return { size: Number(stats.size), description };
  } catch {
    return undefined; // deleted: there is nothing to describe
  }
}

function tooMuch(total: number, limit: number): CcError {
  return new CcError('LIMIT_REACHED', `New and changed files take ${total} bytes.`, {
    hint: `At most ${limit} are captured. Add generated or downloaded data to .gitignore.`,
    details: { bytes: total, limit },
  });
}
