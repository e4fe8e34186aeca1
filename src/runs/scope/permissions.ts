import { join, relative, sep } from 'node:path';
import { CcError } from '../../core/errors.ts';
import type { Role } from '../../core/vocabulary.ts';
import { isCommandCovered, splitTakeAways } from '../../workers/claude/allowed-commands.ts';
import { toolsFor } from '../../workers/claude/arguments.ts';
import { isWriteTool, matchesScope } from '../../workers/claude/guard.ts';
import type { RolePermissions } from '../../workspace/safety-policy.ts';
import type { RunRecord } from '../record.ts';
import { parseGlob, takesAway } from './globs.ts';

type Scope = NonNullable<RunRecord['scope']>;
type Place = { cwd: string; root: string };

/**
 * The scope under the permissions of its role: refused where it asks for more, and without what they
 * take away. They never widen it.
 */
export function permitted(
  scope: Scope,
  role: Role,
  permissions: RolePermissions,
  place: Place,
): Scope {
  const { paths, commands } = permissions;
  for (const glob of scope.paths) {
    if (paths === undefined || takesAway(glob) || isGlobCovered(glob, paths, place)) continue;
    throw tooMuch(role, 'paths', glob, paths);
  }
  for (const command of scope.commands) {
    if (commands === undefined || command.startsWith('!')) continue;
    if (splitTakeAways(commands).allowed.some((one) => isCommandCovered(command, one))) continue;
    throw tooMuch(role, 'commands', command, commands);
  }
  return {
    ...scope,
    paths: unique([...scope.paths, ...awayFrom(paths ?? [], place)]),
    commands: unique([...scope.commands, ...(commands ?? []).filter((one) => one.startsWith('!'))]),
  };
}

/** The tools that are left of those a run would have; undefined where the policy says nothing. */
export function permittedTools(
  role: Role,
  permissions: RolePermissions | undefined,
  scope: Scope | null,
): string[] | undefined {
  const wanted = permissions?.tools;
  if (wanted === undefined) return undefined;
  const { allowed, taken } = splitTakeAways(wanted);
  const all = toolsFor(scope !== null);
  const left = all.filter(
    (tool) => (allowed.length === 0 || allowed.includes(tool)) && !taken.includes(tool),
  );
  const canChange = left.some((tool) => isWriteTool(tool) || tool === 'Bash');
  if (scope === null || canChange) return left;
  throw tooMuch(role, 'tools', 'allow_write', wanted);
}

/** A glob is covered by itself, by a whole directory around it, or as a single path by any that fits. */
function isGlobCovered(glob: string, allowed: readonly string[], { cwd, root }: Place): boolean {
  const { base, isPlain, glob: text } = parseGlob(glob);
  const path = inRoot(join(cwd, base), root);
  const whole = inRoot(join(cwd, text), root);
  return allowed
    .filter((one) => !takesAway(one))
    .map(parseGlob)
    .some((one) => {
      if (one.glob === whole) return true;
      if (isPlain) return matchesScope([one.glob], path);
      return one.isWhole && (one.base === '' || `${path}/`.startsWith(`${one.base}/`));
    });
}

/** What the policy takes away, as it is written in the scope of a worker in this directory. */
function awayFrom(paths: readonly string[], { cwd, root }: Place): string[] {
  return paths.filter(takesAway).map((glob) => `!${inRoot(join(root, glob.slice(1)), cwd)}`);
}

function inRoot(path: string, root: string): string {
  return relative(root, path).split(sep).join('/');
}

function tooMuch(
  role: Role,
  what: keyof RolePermissions,
  asked: string,
  allowed: readonly string[],
): CcError {
  return new CcError(
    'NOT_ALLOWED',
    `policy.yaml, permissions.${role}.${what}, does not allow ${asked}.`,
    {
      hint: `Allowed for this role: ${allowed.join(', ') || 'nothing'}. Ask for less, or use another role.`,
    },
  );
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
