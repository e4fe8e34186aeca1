import { existsSync, realpathSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Installation } from '../../setup/installation.ts';

export type RepairedEntry = {
  /** The entry as it is to be; the very same object where nothing is wrong with it. */
  entry: JsonObject;
  /** What is wrong with it, in words. */
  problems: string[];
};

type Wanted = Installation['server'];
/** Whether a program of this name is on the PATH. */
type OnPath = (name: string) => boolean;

/**
 * Makes our entry start this installation with this Node. The user's own parts of it stay: environment,
 * further arguments, unknown keys; so does what works on several machines: a program by its bare name,
 * a path with a variable.
 */
export function repairEntry(raw: unknown, wanted: Wanted, onPath: OnPath): RepairedEntry {
  const whole = { type: 'stdio', ...wanted };
  if (!isObject(raw)) return { entry: whole, problems: ['the entry is no object'] };
  // A server somewhere else has no path here.
  if (typeof raw.url === 'string' && raw.command === undefined) return { entry: raw, problems: [] };
  const problems: string[] = [];
  const entry: Record<string, unknown> = { ...raw };
  if (raw.type !== undefined && raw.type !== 'stdio') {
    problems.push(`its type is ${JSON.stringify(raw.type)} and not "stdio"`);
    entry.type = 'stdio';
  }
  const command = commandProblem(raw.command, wanted.command, onPath);
  if (command !== undefined) {
    problems.push(command);
    entry.command = wanted.command;
  }
  // Another program may start us in its own way; only of Node it is known how.
  if (isNode(raw.command)) {
    const args = repairArgs(raw.args, wanted);
    problems.push(...args.problems);
    entry.args = args.args;
  } else if (command !== undefined) entry.args = wanted.args;
  return problems.length === 0 ? { entry: raw, problems } : { entry, problems };
}

function commandProblem(command: unknown, node: string, onPath: OnPath): string | undefined {
  if (typeof command !== 'string' || command === '') return 'it names no command';
  if (command.includes('${')) return undefined;
  if (!/[\\/]/.test(command)) return onPath(command) ? undefined : `${command} is not on the PATH`;
  if (!isAbsolute(command)) return `${command} is relative`;
  if (!existsSync(command)) return `${command} is not there`;
  return isNode(command) && !isSame(command, node) ? `${command} is another Node` : undefined;
}

function repairArgs(args: unknown, wanted: Wanted): { args: string[]; problems: string[] } {
  const [script = ''] = wanted.args;
  if (!isTexts(args)) return { args: wanted.args, problems: ['its args are no list of texts'] };
  const at = args.findIndex((item) => !item.startsWith('-'));
  const current = args[at];
  if (current === undefined)
    return { args: [...args, ...wanted.args], problems: ['it names no script'] };
  const rest = args.slice(at + 1);
  const problems: string[] = [];
  const problem = scriptProblem(current, script);
  if (problem !== undefined) problems.push(problem);
  if (!rest.includes('mcp')) problems.push('its args lack the command mcp');
  return {
    args: [
      ...args.slice(0, at),
      problem === undefined ? current : script,
      ...(rest.includes('mcp') ? rest : ['mcp', ...rest]),
    ],
    problems,
  };
}

function scriptProblem(current: string, script: string): string | undefined {
  if (current.includes('${')) return undefined;
  if (!isAbsolute(current)) return `${current} is relative`;
  if (!existsSync(current)) return `${current} is not there`;
  return isSame(current, script) ? undefined : `${current} is another cc-orchestrator`;
}

export function isNode(command: unknown): boolean {
  return typeof command === 'string' && /^node(?:js)?(?:\.exe)?$/i.test(basename(command));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return a === b;
  }
}
