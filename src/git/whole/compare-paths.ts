import { type CompareOptions, changedPaths } from './compare.ts';
import { statesOfBoth } from './states.ts';
import type { WholeSnapshot } from './whole.ts';

const TIMEOUT_MS = 120_000;

/** The paths that differ between two snapshots of one place, bookkeeping of git's left out. */
export async function comparePaths(
  base: WholeSnapshot,
  after: WholeSnapshot,
  options: Pick<CompareOptions, 'env' | 'signal'> = {},
): Promise<string[]> {
  const limits = { timeoutMs: TIMEOUT_MS, ...options };
  const [from, to] = await statesOfBoth(base, after, limits);
  return changedPaths(from, to);
}
