import { commandName } from '../../src/cli/help.ts';
import { AREAS, type Tool } from '../../src/tools/define.ts';

/** The tool table of the README, by area. */
export function readmeTable(tools: readonly Tool[]): string {
  const rows = AREAS.flatMap((area) => tools.filter((tool) => tool.area === area)).map(
    (tool) => `| \`${tool.name}\` | ${tool.summary} | ${tool.kind} | \`${commandName(tool)}\` |`,
  );
  return ['| Tool | What it does | Kind | Command |', '|---|---|---|---|', ...rows].join('\n');
}
