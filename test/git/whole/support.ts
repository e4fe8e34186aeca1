import { compareWhole, type WholeDiff } from '../../../src/git/whole/compare.ts';
import { takeWhole, type WholeOptions } from '../../../src/git/whole/take.ts';
import type { WholeSnapshot } from '../../../src/git/whole/whole.ts';
import type { Sandbox } from '../support.ts';

export function whole(
  repo: Pick<Sandbox, 'root' | 'store' | 'env'>,
  options: Partial<WholeOptions> & { cwd?: string } = {},
): Promise<WholeSnapshot> {
  const { cwd = repo.root, ...rest } = options;
  return takeWhole(cwd, { privateDir: repo.store, env: repo.env, ...rest });
}

/** What the edits change, from a snapshot before to one after. */
export async function changesOf(
  repo: Pick<Sandbox, 'root' | 'store' | 'env'>,
  edit: () => void,
  options: Partial<WholeOptions> & { cwd?: string } = {},
): Promise<WholeDiff & { base: WholeSnapshot; after: WholeSnapshot }> {
  const base = await whole(repo, options);
  edit();
  const after = await whole(repo, { ...options, earlier: base });
  const diff = await compareWhole(base, after, { env: repo.env, maxPatchBytes: 100_000 });
  return { ...diff, base, after };
}

/** `area status path`, one line per file. */
export function lines({ files }: Pick<WholeDiff, 'files'>): string[] {
  return files.map(({ area, status, path }) => `${area} ${status} ${path}`);
}
