import { truncate } from '../../core/text.ts';
import { commandsWithin } from './shell-facts.ts';

/** Any command; only where a sandbox holds it. */
export const ANY_COMMAND = '*';

/** Characters that let a shell do more than the one command that was allowed by its prefix. */
const SHELL_SYNTAX = /[;&|<>`$(){}\\!*?[\]~#\u0000-\u0008\u000a-\u001f\u007f]/;
const LIST_CHARS = 1000;

/** Why a command may not run, for the model; undefined where it may. `!x` in the list takes away. */
export function commandRefusal(command: string, patterns: readonly string[]): string | undefined {
  const { allowed, taken } = splitTakeAways(patterns);
  // What bash skips, and nothing else: to it, a no-break space is part of a name.
  const wanted = command.replace(/^[ \t\n]+|[ \t\n]+$/g, '');
  const isAny = allowed.includes(ANY_COMMAND);
  if (!isAny && !allowed.some((pattern) => isCovered(wanted, pattern))) return notListed(allowed);
  if (taken.length === 0) return undefined;
  for (const { words } of commandsWithin(wanted)) {
    const [program = ''] = words;
    // What it is will only be known when it runs.
    if (isAny && /[$`*?[]/.test(program)) {
      return `Name the program plainly; ${truncate(program, 60)} could be one that is taken away here.`;
    }
    const plain = [program.split('/').at(-1), ...words.slice(1)].join(' ');
    const found = taken.find((pattern) => isTaken(plain, pattern));
    if (found !== undefined) return `\`${found}\` is taken away in this task.`;
  }
  return undefined;
}

/** The patterns that give and, without their `!`, those that take away. */
export function splitTakeAways(patterns: readonly string[]): {
  allowed: string[];
  taken: string[];
} {
  return {
    allowed: patterns.filter((pattern) => !pattern.startsWith('!')),
    taken: patterns.filter((pattern) => pattern.startsWith('!')).map((one) => one.slice(1).trim()),
  };
}

/** Whether everything that a pattern allows is allowed by the other one, too. */
export function isCommandCovered(wanted: string, by: string): boolean {
  if (by.trim() === ANY_COMMAND) return true;
  if (wanted === ANY_COMMAND) return false;
  if (wanted === by) return true;
  return by.endsWith(' *') && isCovered(wanted.replace(/ \*$/, ''), by);
}

/** Exact, or a prefix ending in ` *` before plain arguments. */
function isCovered(wanted: string, pattern: string): boolean {
  if (wanted === pattern.trim()) return true;
  if (!pattern.endsWith(' *')) return false;
  const prefix = pattern.slice(0, -1);
  if (wanted === prefix.trimEnd()) return true;
  return wanted.startsWith(prefix) && !SHELL_SYNTAX.test(wanted.slice(prefix.length));
}

function isTaken(plain: string, pattern: string): boolean {
  if (!pattern.endsWith('*')) return plain === pattern;
  const prefix = pattern.slice(0, -1);
  return plain === prefix.trimEnd() || plain.startsWith(prefix);
}

function notListed(allowed: readonly string[]): string {
  const list = truncate(allowed.map((item) => `\`${item}\``).join(', '), LIST_CHARS);
  return list === ''
    ? 'No shell command is allowed in this task. Use the file tools; we run the checks ourselves.'
    : `Only these commands are allowed, one at a time and exactly as written (\` *\` at the end stands for plain arguments): ${list}.`;
}
