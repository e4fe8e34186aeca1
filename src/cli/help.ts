import { VERSION } from '../core/version.ts';
import { AREAS, type Tool } from '../tools/define.ts';
import type { ListedTool } from '../tools/listed.ts';
import { OWN_COMMANDS, type OwnCommand } from './own-commands.ts';

/** `cc_poll_run` on the command line. */
export function commandName(tool: Pick<Tool, 'name'>): string {
  return tool.name.replace(/^cc_/, '').replaceAll('_', '-');
}

export function generalHelp(tools: readonly ListedTool[]): string {
  const lines = [
    `cc-orchestrator ${VERSION}: delegate work to cheap Claude Code workers, verified and recorded.`,
    '',
    'Usage: cc-orchestrator <command> [arguments] [--json]',
    '',
    'Commands',
    ...OWN_COMMANDS.map(({ name, summary }) => row(name, summary)),
  ];
  for (const area of AREAS) {
    const own = tools.filter((tool) => tool.area === area);
    if (own.length === 0) continue;
    lines.push('', `${area[0]?.toUpperCase()}${area.slice(1)}`);
    for (const tool of own) lines.push(row(commandName(tool), firstSentence(tool.summary)));
  }
  lines.push(
    '',
    'cc-orchestrator <command> --help shows its arguments. --json prints the exact MCP result.',
    'Exit codes: 0 ok, 1 what was checked failed, 2 usage, 3 not found, 4 environment, 5 internal.',
  );
  return `${lines.join('\n')}\n`;
}

/** The help of a command that is no tool. */
export function ownHelp({
  name,
  summary,
  usage = '',
  options = [],
  notes = [],
}: OwnCommand): string {
  return [
    summary,
    '',
    `Usage: cc-orchestrator ${name} ${usage}`,
    '',
    ...options.map(([flag, text]) => row(flag, text, 34)),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    '',
  ].join('\n');
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.)\s/, 1)[0] ?? text;
}

export function row(name: string, text: string, width = 22): string {
  return `  ${name.padEnd(width)} ${text}`;
}
