import type { CheckSpec } from '../routing/benchmark-task.ts';
import { matchesScope } from '../workers/claude/guard.ts';
import { changedPaths } from './files.ts';
import type { Found, Grading } from './grading.ts';

/** Nothing was changed, created or removed outside of what the task allows. */
export function checkScope(
  spec: Extract<CheckSpec, { kind: 'scope' }>,
  { before, after }: Grading,
): Found {
  const outside = changedPaths(before, after).filter(
    (path) => !matchesScope([...spec.allow, ...spec.protect], path),
  );
  return verdict(outside, 'changed outside the scope');
}

/** Tests that were removed or made weaker prove nothing. */
export function checkIntact(
  spec: Extract<CheckSpec, { kind: 'intact' }>,
  { before, after }: Grading,
): Found {
  const touched = changedPaths(before, after).filter((path) => matchesScope(spec.paths, path));
  return verdict(touched, 'must stay as they were');
}

function verdict(paths: readonly string[], what: string): Found {
  if (paths.length === 0) return { value: 1, detail: 'as it should be' };
  return { value: 0, detail: `${what}: ${paths.slice(0, 5).join(', ')}` };
}
