import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { type JsonObject, stringAt } from '../../core/json.ts';
import type { Decision } from './control.ts';

/** What a worker may change. Globs are relative to the worker's directory. */
export type WriteScope = {
  paths: readonly string[];
  /** Shell commands it may run: exact, or a prefix ending in ` *`. */
  commands: readonly string[];
};

export type GuardContext = {
  cwd: string;
  /** The project directory: nothing outside it may be changed, whatever the globs say. */
  root: string;
  /** Undefined: read-only. */
  scope: WriteScope | undefined;
};

const READERS = new Set(['Read', 'Grep', 'Glob', 'LS', 'TodoWrite', 'StructuredOutput']);
const WRITERS = new Set(['Edit', 'Write', 'MultiEdit', 'NotebookEdit']);
const PROTECTED = ['.git', '.agent-workspace', '.claude', '.mcp.json'];
/** Characters that let a shell do more than the one command that was allowed by its prefix. */
const SHELL_SYNTAX = /[;&|<>`$(){}\n\r\\!*?[\]~#]/;

/**
 * Whether a tool call may go on; asked for every call, in every mode. What is not expressly allowed
 * is refused, with a reason that tells the model what it may do instead.
 */
export function decideToolCall(tool: string, input: JsonObject, context: GuardContext): Decision {
  if (READERS.has(tool)) return { allow: 'default' };
  const { scope } = context;
  if (scope === undefined) {
    return deny(`This task is read-only: ${tool} is not available. Report what should be changed.`);
  }
  if (WRITERS.has(tool)) return decideWrite(input, context, scope);
  if (tool === 'Bash') return decideCommand(stringAt(input, 'command') ?? '', scope);
  return deny(`${tool} is not part of this task's permissions.`);
}

function decideWrite(input: JsonObject, context: GuardContext, scope: WriteScope): Decision {
  const path = stringAt(input, 'file_path') ?? stringAt(input, 'notebook_path');
  if (path === undefined || path.includes('\0')) return deny('The call names no file.');
  const real = realTarget(resolve(context.cwd, path));
  const inRoot = relative(context.root, real);
  if (inRoot === '' || inRoot.startsWith('..') || isAbsolute(inRoot)) {
    return deny(`${path} lies outside the project.`);
  }
  if (inRoot.split(sep).some((part) => PROTECTED.includes(part.toLowerCase()))) {
    return deny(`${path} is protected and must not be changed.`);
  }
  const inCwd = relative(context.cwd, real).split(sep).join('/');
  if (picomatch(scope.paths.slice(), { dot: true })(inCwd))
    return { allow: true, reason: 'in scope' };
  return deny(
    `${path} is outside the write scope (${scope.paths.join(', ') || 'nothing'}). Stay inside it; report what else would be needed.`,
  );
}

function decideCommand(command: string, scope: WriteScope): Decision {
  const wanted = command.trim();
  const allowed = scope.commands.some((pattern) => {
    if (wanted === pattern.trim()) return true;
    if (!pattern.endsWith(' *')) return false;
    const prefix = pattern.slice(0, -1);
    return wanted.startsWith(prefix) && !SHELL_SYNTAX.test(wanted.slice(prefix.length));
  });
  if (allowed) return { allow: true, reason: 'allowed command' };
  const list = scope.commands.map((item) => `\`${item}\``).join(', ');
  return deny(
    list === ''
      ? 'No shell command is allowed in this task. Use the file tools; we run the checks ourselves.'
      : `Only these commands are allowed, exactly as written and one at a time: ${list}.`,
  );
}

/** Where a write would really land: symbolic links resolved as far as the path exists. */
function realTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realTarget(parent), basename(path));
  }
}

function deny(reason: string): Decision {
  return { allow: false, reason };
}
