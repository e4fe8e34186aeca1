import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { type JsonObject, stringAt } from '../../core/json.ts';
import { oneLine, truncate } from '../../core/text.ts';
import { ANY_COMMAND, commandRefusal } from './allowed-commands.ts';
import type { Decision } from './control.ts';
import { DELEGATE_TOOL } from './own-server.ts';
import { isProtectedPath } from './protected-paths.ts';
import { protectedTarget } from './shell-targets.ts';

/** What a worker may change. Globs are relative to the worker's directory; `!glob` takes away. */
export type WriteScope = {
  paths: readonly string[];
  /** Shell commands it may run: exact, or a prefix ending in ` *`; `*` is any, `!x` takes away. */
  commands: readonly string[];
};

export type GuardContext = {
  cwd: string;
  /** The project directory: nothing outside it may be changed, whatever the globs say. */
  root: string;
  /** Undefined: read-only. */
  scope: WriteScope | undefined;
  /** Globs of the user's policy, relative to the project, that nobody may change. */
  protectedPaths?: readonly string[] | undefined;
  /** The only tools it may use, where the policy says so. */
  tools?: readonly string[] | undefined;
  /** The operating system holds the worker; without that, `*` in `commands` allows nothing. */
  sandboxed?: boolean | undefined;
  /** It may have other runs launched. */
  delegates?: boolean | undefined;
};

/** By which it gives an answer in the form that was asked for. */
const ANSWER_TOOL = 'StructuredOutput';
const READERS = new Set(['Read', 'Grep', 'Glob', 'LS', 'TodoWrite', ANSWER_TOOL]);
const WRITERS = new Set(['Edit', 'Write', 'MultiEdit', 'NotebookEdit']);
/** Longer paths cannot exist, and resolving them part by part would take for ever. */
const PATH_CHARS = 4096;
/** Our answer is one control line, which has a limit, and the refusal is kept in the run's progress. */
const SHOWN_CHARS = 200;
const LIST_CHARS = 1000;

/**
 * Whether a tool call may go on; asked for every call, in every mode. What is not expressly allowed
 * is refused, with a reason that tells the model what it may do instead.
 */
export function decideToolCall(tool: string, input: JsonObject, context: GuardContext): Decision {
  if (tool === DELEGATE_TOOL && context.delegates) {
    return { allow: true, reason: 'its workflow lets this role launch others' };
  }
  if (context.tools?.includes(tool) === false && tool !== ANSWER_TOOL) {
    return deny(`${oneLine(tool, 100)} is not part of this role's permissions.`);
  }
  if (READERS.has(tool)) return { allow: 'default' };
  const { scope } = context;
  if (scope === undefined) {
    return deny(
      `This task is read-only: ${oneLine(tool, 100)} is not available. Report what should be changed.`,
    );
  }
  if (isWriteTool(tool)) return decideWrite(tool, input, context, scope);
  if (tool === 'Bash') return decideCommand(stringAt(input, 'command') ?? '', context, scope);
  return deny(`${oneLine(tool, 100)} is not part of this task's permissions.`);
}

export function isWriteTool(tool: string): boolean {
  return WRITERS.has(tool);
}

function decideWrite(
  tool: string,
  input: JsonObject,
  context: GuardContext,
  scope: WriteScope,
): Decision {
  const path = stringAt(input, tool === 'NotebookEdit' ? 'notebook_path' : 'file_path');
  // Globs do not see past a newline.
  if (!path || /[\u0000-\u001f\u007f]/.test(path) || path.length > PATH_CHARS) {
    return deny('The call names no file.');
  }
  const shown = oneLine(path, SHOWN_CHARS);
  // The CLI trims and expands these, so another file would be meant than the one looked at here.
  if (path !== path.trim() || /^~(?:$|[\\/])/.test(path)) {
    return deny(`${shown}: give the plain path, without ~ and without spaces around it.`);
  }
  const real = realTarget(resolve(context.cwd, path));
  if (real === undefined) return deny(`${shown} is a symbolic link that leads nowhere.`);
  const inRoot = relative(context.root, real);
  if (inRoot === '' || isAbove(inRoot)) return deny(`${shown} lies outside the project.`);
  if (isProtectedPath(inRoot.split(sep).join('/'), context.protectedPaths)) {
    return deny(`${shown} is protected and must not be changed.`);
  }
  if (hasOtherNames(real)) {
    return deny(`${shown} is a hard link: what else it is the name of would be changed as well.`);
  }
  const inCwd = relative(context.cwd, real).split(sep).join('/');
  if (matchesScope(scope.paths, inCwd)) return { allow: true, reason: 'in scope' };
  const allowed = truncate(scope.paths.join(', '), LIST_CHARS) || 'nothing';
  const reason = `${shown} is outside the write scope (${allowed}). Stay inside it; report what else would be needed.`;
  // Beside a shell, the sandbox holds everything to the scope, and cannot be opened while it runs.
  return context.sandboxed && scope.commands.length > 0 ? deny(reason) : askable(reason);
}

/** Whether a path (relative to the worker's directory, with `/`) may be changed. */
export function matchesScope(globs: readonly string[], path: string): boolean {
  // To picomatch, `!a` in a list means "anything but a", which would open all the rest.
  const exclusions = globs.filter((glob) => /^!(?!\()/.test(glob));
  const inclusions = globs.filter((glob) => glob !== '' && !exclusions.includes(glob));
  const excluded = exclusions.map((glob) => glob.slice(1)).filter((glob) => glob !== '');
  return (
    picomatch(inclusions, { dot: true })(path) &&
    // On a file system that ignores case, another spelling would be the same file.
    !picomatch(excluded, { dot: true, nocase: true })(path)
  );
}

function isAbove(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}

function decideCommand(command: string, context: GuardContext, scope: WriteScope): Decision {
  const patterns = context.sandboxed
    ? scope.commands
    : scope.commands.filter((pattern) => pattern.trim() !== ANY_COMMAND);
  const refusal = commandRefusal(command, patterns);
  if (refusal !== undefined) return askable(refusal);
  if (!patterns.includes(ANY_COMMAND)) return { allow: true, reason: 'allowed command' };
  // The sandbox holds it in any case; here it learns why.
  const target = protectedTarget(command, context);
  if (target === undefined) return { allow: true, reason: 'allowed command' };
  return deny(`${oneLine(target, SHOWN_CHARS)} is protected and must not be changed.`);
}

/**
 * Where a write would really land: symbolic links resolved as far as the path exists. Undefined where
 * a link leads to what does not exist (yet), since a write through it could create anything anywhere.
 */
function realTarget(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    if (parent === path || isLink(path)) return undefined;
    const real = realTarget(parent);
    return real === undefined ? undefined : join(real, basename(path));
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    return true; // what cannot even be looked at is not written to
  }
}

/** A file that stands in the file system under more than one name. */
function hasOtherNames(path: string): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.nlink > 1;
  } catch {
    return true; // what cannot even be looked at is not written to
  }
}

/** Outside the scope, but nothing that is protected: the controller could allow it. */
function askable(reason: string): Decision {
  return { allow: false, reason, ask: true };
}

function deny(reason: string): Decision {
  return { allow: false, reason };
}
