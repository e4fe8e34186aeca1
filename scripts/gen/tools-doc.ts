import { commandName } from '../../src/cli/help.ts';
import { annotationsOf } from '../../src/tools/annotations.ts';
import { AREAS, type Tool } from '../../src/tools/define.ts';
import { toolTable } from './readme-table.ts';
import { type Parameter, parametersOf, resultType } from './schema-text.ts';

const HEAD = `# Tools

Generated from the tool registry by \`npm run gen\`. Do not edit.

Every tool is also a command: \`cc-orchestrator <command> --help\`. Flags are the parameters in
kebab-case, nested ones joined with a hyphen (\`scope.paths\` is \`--scope-paths\`), lists by repeating
the flag. Required parameters may stand without their flag.

Unknown arguments are refused. Every result has a byte ceiling (8 kB unless a tool says otherwise);
what does not fit is left out in whole records, and the result names the file that holds all of it.

A wait without \`wait_seconds\` lasts 25 s for Codex, 55 s for other MCP clients, and until it is done on
the command line. Giving up a wait never ends the run.

| Kind | What it may do | Hints |
|---|---|---|
`;

const KINDS = {
  read: 'changes nothing',
  write: 'writes its own files in the workspace',
  destructive: 'ends or removes something',
  launch: 'starts workers or runs commands',
} as const;

/** docs/tools.md: the reference of every tool. */
export function toolsDoc(tools: readonly Tool[]): string {
  const kinds = (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => {
    const hints = Object.entries(annotationsOf(kind)).map(([name, value]) => `${name} ${value}`);
    return `| ${kind} | ${KINDS[kind]} | ${hints.join(', ')} |`;
  });
  const areas = AREAS.map((area) => {
    const own = tools.filter((tool) => tool.area === area);
    return own.length === 0
      ? ''
      : [`## ${area}`, toolTable(own), ...own.map(toolSection)].join('\n\n');
  });
  return `${HEAD}${kinds.join('\n')}\n\n${areas.filter(Boolean).join('\n\n')}\n`;
}

function toolSection(tool: Tool): string {
  const facts = [`Kind: ${tool.kind}.`, `Command: \`${commandName(tool)}\`.`];
  if (tool.aliases?.length) facts.push(`Also: ${tool.aliases.map((name) => `\`${name}\``)}.`);
  if (tool.maxBytes !== undefined) facts.push(`Ceiling: ${tool.maxBytes} bytes.`);
  const result =
    tool.format === 'text'
      ? 'Result: plain text.'
      : ['Result:', '', '```ts', resultType(tool), '```'].join('\n');
  return [`### ${tool.name}`, tool.summary, facts.join(' '), parameterTable(tool), result].join(
    '\n\n',
  );
}

function parameterTable(tool: Tool): string {
  const parameters = parametersOf(tool);
  if (parameters.length === 0) return 'No parameters.';
  return [
    '| Parameter | Type | Bounds | |',
    '|---|---|---|---|',
    ...parameters.map(parameterRow),
  ].join('\n');
}

function parameterRow({ name, type, bounds, required, description }: Parameter): string {
  const text = [required ? '**Required.**' : '', description].filter(Boolean).join(' ');
  return `| \`${name}\` | ${type} | ${bounds} | ${text} |`;
}
