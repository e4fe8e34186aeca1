import { join, relative, sep } from 'node:path';
import { CcError } from '../../core/errors.ts';
import type { Role } from '../../core/vocabulary.ts';
import type { Sandbox } from '../../proc/sandbox.ts';
import { ANY_COMMAND } from '../../workers/claude/allowed-commands.ts';
import type { Policy } from '../../workspace/policy.ts';
import type { RunRecord } from '../record.ts';
import { globProblem, parseGlob, takesAway } from './globs.ts';
import { kindOf } from './kind-of.ts';
import { permitted } from './permissions.ts';

/** What somebody asks for. `paths: []` is a run that may run commands and change no file by itself. */
export type ScopeRequest = {
  paths?: string[] | undefined;
  commands?: string[] | undefined;
  max_files?: number | undefined;
  max_lines?: number | undefined;
};

type Place = { cwd: string; root: string };

/** The scope of a run as it will hold, or why it cannot be had. Null is read-only. */
export function planScope(
  request: { allowWrite?: boolean | undefined; scope?: ScopeRequest | undefined },
  place: Place,
  rules: { role: Role; policy: Policy; sandbox: Sandbox },
): RunRecord['scope'] {
  const { scope } = request;
  if (!request.allowWrite) {
    if (scope === undefined) return null;
    throw new CcError('BAD_INPUT', 'scope needs allow_write: true; this run would be read-only.', {
      hint: 'Pass allow_write: true, or leave scope out.',
    });
  }
  if (scope?.paths === undefined) {
    throw new CcError('BAD_INPUT', 'A run that may write needs scope.paths.', {
      hint: 'Pass scope: {"paths": ["src/**"]}: globs of what it may change, relative to its directory; `!x` takes away, ["**"] is the whole directory, [] nothing but what its commands do.',
    });
  }
  const asked = {
    paths: scope.paths.map((glob) => normalised(glob, place)),
    commands: (scope.commands ?? []).map((command) => command.trim()).filter(Boolean),
    ...(scope.max_files === undefined ? {} : { max_files: scope.max_files }),
    ...(scope.max_lines === undefined ? {} : { max_lines: scope.max_lines }),
  };
  const permissions = rules.policy.permissions[rules.role];
  const planned =
    permissions === undefined ? asked : permitted(asked, rules.role, permissions, place);
  requireSandboxForAny(planned.commands, rules.sandbox);
  return planned;
}

/** `src` and `src/` mean what is in the directory, which a glob says as `src/**`. */
function normalised(text: string, { cwd, root }: Place): string {
  const refusal = globRefusal(text, { cwd, root });
  if (refusal !== undefined) throw badGlob(text, refusal);
  const { glob, base, isPlain } = parseGlob(text);
  const isDirectory = isPlain && (glob.endsWith('/') || kindOf(join(cwd, base)) === 'directory');
  const plain = isDirectory ? (base === '.' || base === '' ? '**' : `${base}/**`) : glob;
  return takesAway(text) ? `!${plain}` : plain;
}

/** Why a glob can be in no scope of a run there: `lies outside the project`; undefined where it can. */
export function globRefusal(text: string, { cwd, root }: Place): string | undefined {
  const problem = globProblem(text);
  if (problem !== undefined) return problem;
  const inRoot = relative(root, join(cwd, parseGlob(text).base))
    .split(sep)
    .join('/');
  return inRoot === '..' || inRoot.startsWith('../') ? 'lies outside the project' : undefined;
}

function badGlob(glob: string, problem: string): CcError {
  return new CcError('BAD_INPUT', `scope.paths: ${JSON.stringify(glob)} ${problem}.`, {
    hint: 'Globs are relative to the working directory, such as src/** or docs/*.md.',
  });
}

function requireSandboxForAny(commands: readonly string[], sandbox: Sandbox): void {
  if (sandbox.kind !== 'none' || !commands.includes(ANY_COMMAND)) return;
  throw new CcError(
    'NOT_ALLOWED',
    `commands: ["*"] needs a sandbox, and there is none: ${sandbox.why}.`,
    {
      hint: 'Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap), or name the commands: exact, or `prefix *`.',
    },
  );
}
