import type { Tool } from '../tools/define.ts';
import { type Flag, flagsOf, isPositional } from './flags.ts';
import { commandName, row } from './help.ts';

/** The help of a tool as a command: what it does and its arguments. */
export function commandHelp(tool: Tool): string {
  const flags = flagsOf(tool);
  const positional = flags
    .filter(isPositional)
    .map((flag) => (flag.required ? `<${flag.name}>` : `[${flag.name}]`));
  return [
    tool.summary,
    '',
    `Usage: cc-orchestrator ${[commandName(tool), ...positional].join(' ')} [options] [--json]`,
    '',
    ...flags.map((flag) => row(`--${flag.name}${argument(flag)}`, describe(flag), 34)),
    '',
  ].join('\n');
}

function argument(flag: Flag): string {
  if (flag.type === 'boolean') return '';
  if (flag.type === 'json') return ' <json>';
  return flag.type === 'number' ? ' <n>' : ' <text>';
}

function describe(flag: Flag): string {
  const parts = [flag.description];
  if (flag.choices.length > 0) parts.push(`One of: ${flag.choices.join(', ')}.`);
  if (flag.repeated) parts.push('May be repeated.');
  if (flag.required) parts.push('Required.');
  return parts.filter(Boolean).join(' ');
}
