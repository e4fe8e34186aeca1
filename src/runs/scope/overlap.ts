import { join, relative, sep } from 'node:path';
import { matchesScope } from '../../workers/claude/guard.ts';
import { alternatives, parseGlob } from './globs.ts';

/** A scope and the directory its globs are relative to. */
export type PlacedScope = { cwd: string; paths: readonly string[] };

/**
 * Whether two scopes could allow the same file. Globs are compared by the directories before their
 * first wildcard, so it may say yes where no file is in both, and never no where one could be.
 */
export function scopesOverlap(a: PlacedScope, b: PlacedScope): boolean {
  return inclusions(a).some((one) =>
    inclusions(b).some((other) => isWithin(one, other, b) || isWithin(other, one, a)),
  );
}

type Inclusion = { path: string; isPlain: boolean };

function inclusions({ cwd, paths }: PlacedScope): Inclusion[] {
  return paths
    .flatMap(alternatives)
    .map(parseGlob)
    .filter((glob) => !glob.takesAway && glob.glob !== '')
    .map(({ base, isPlain }) => ({ path: join(cwd, base), isPlain }));
}

/** Whether the first could be in the second. One single file can be asked for exactly. */
function isWithin(inner: Inclusion, outer: Inclusion, scope: PlacedScope): boolean {
  if (inner.isPlain && !outer.isPlain) {
    return matchesScope(scope.paths, relative(scope.cwd, inner.path).split(sep).join('/'));
  }
  if (inner.path === outer.path) return true;
  return !outer.isPlain && inner.path.startsWith(outer.path === sep ? sep : outer.path + sep);
}
