import { expect, test } from 'vitest';
import { commandHelp } from '../../src/cli/command-help.ts';
import { flagsOf, parseCommand } from '../../src/cli/flags.ts';
import { commandName, generalHelp } from '../../src/cli/help.ts';
import { CcError } from '../../src/core/errors.ts';
import type { Tool } from '../../src/tools/define.ts';
import { LISTING } from '../../src/tools/listing.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { fullInputSchemaOf } from '../../src/tools/schema.ts';
import { findTool } from '../../src/tools/surface.ts';

function parse(name: string, ...args: string[]) {
  return parseCommand(findTool(TOOLS, name), args, () => 'from stdin');
}

test('every tool has a command in kebab-case, and every parameter a flag', () => {
  const commands = TOOLS.map(commandName);
  expect(new Set(commands).size).toBe(TOOLS.length);
  for (const tool of TOOLS) {
    expect(commandName(tool)).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(`cc_${commandName(tool).replaceAll('-', '_')}`).toBe(tool.name);
    const top = new Set(flagsOf(tool).map((flag) => flag.path[0]));
    expect([...top].sort()).toEqual(Object.keys(tool.input.shape).sort());
    for (const flag of flagsOf(tool)) {
      expect(flag.name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      expect(['help', 'json']).not.toContain(flag.name);
    }
    const names = flagsOf(tool).map((flag) => flag.name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test.each(TOOLS)('$name: an input made from all of its flags is valid', (tool) => {
  const args = flagsOf(tool).flatMap((flag) => {
    if (flag.type === 'boolean') return [`--${flag.name}`];
    if (flag.type === 'number') return [`--${flag.name}`, example(tool, flag.path)];
    if (flag.type === 'json') return [`--${flag.name}`, '{"type":"object"}'];
    // Published as a plain text, checked as one of a few words, or as a date.
    const words: Record<string, string> = {
      role: 'review',
      pattern: 'audit',
      suite: 'review',
      since: '2026-11-20',
      severity: 'warn',
      status: 'done',
    };
    const text = words[flag.name] ?? 'x';
    return [`--${flag.name}`, flag.choices[0] ?? text];
  });
  const { input } = parse(tool.name, ...args);
  expect(tool.input.safeParse(input).error).toBeUndefined();
});

/** A number the schema allows. */
function example(tool: Tool, path: readonly string[]): string {
  let schema: unknown = fullInputSchemaOf(tool);
  for (const key of path) {
    schema = (schema as { properties: Record<string, unknown> }).properties[key];
  }
  return String((schema as { minimum?: number }).minimum ?? 1);
}

test('nested, repeated, numeric and negated flags', () => {
  const { input, json, help } = parse(
    'cc_run_streaming_agent',
    '--task=Fix it.',
    '--allow-write',
    '--scope-paths',
    'src/**',
    '--scope-paths=test/**',
    '--scope-commands',
    'npm test',
    '--budget-wall-seconds',
    '60',
    '--no-project-guidance',
    '--json',
  );
  expect(input).toEqual({
    task: 'Fix it.',
    allow_write: true,
    scope: { paths: ['src/**', 'test/**'], commands: ['npm test'] },
    budget: { wall_seconds: 60 },
    project_guidance: false,
  });
  expect({ json, help }).toEqual({ json: true, help: false });
});

test('the file of a workflow and its id may stand without their flag; a node is no id', () => {
  expect(parse('cc_workflow_run', 'a.yaml', '--mock').input).toEqual({
    file: 'a.yaml',
    mock: true,
  });
  expect(parse('cc_workflow_validate', 'a.yaml').input).toEqual({ file: 'a.yaml' });
  expect(parse('cc_workflow_plan', 'fix it', 'a.yaml').input).toEqual({
    task: 'fix it',
    file: 'a.yaml',
  });
  expect(parse('cc_workflow_retry_node', 'fix', 'wf_x').input).toEqual({
    node: 'fix',
    workflow_id: 'wf_x',
  });
  expect(() => parse('cc_workflow_approve', 'ok', '--approve')).toThrow(
    expect.objectContaining({ hint: 'A node is named with its flag: --node ok' }),
  );
});

test('required parameters may stand without their flag, in order', () => {
  expect(parse('cc_poll_run', 'run_x').input).toEqual({ run_id: 'run_x' });
  expect(parse('cc_run_agent', '--role', 'testing', 'Look.').input).toEqual({
    role: 'testing',
    task: 'Look.',
  });
  expect(parse('cc_run_agent', '--', '--not a flag').input).toEqual({ task: '--not a flag' });
  expect(() => parse('cc_poll_run', 'run_x', 'run_y')).toThrow('Unexpected argument: run_y');
  expect(() => parse('cc_poll_run', '--run-id', 'run_x', 'run_y')).toThrow(CcError);
  expect(() => parse('cc_workspace_status', 'x')).toThrow('Unexpected argument: x');
});

test('a hyphen as the task reads standard input, and nowhere else', () => {
  expect(parse('cc_run_agent', '-').input).toEqual({ task: 'from stdin' });
  expect(parse('cc_run_agent', '--task', '-').input).toEqual({ task: 'from stdin' });
  expect(parse('cc_run_agent', 'x', '--context', '-').input).toEqual({ task: 'x', context: '-' });
  expect(parse('cc_poll_run', '-').input).toEqual({ run_id: '-' });
});

test('what is no number stays none', () => {
  for (const text of ['', ' ', 'ten', '1,5']) {
    expect(parse('cc_run_status', `--limit=${text}`).input).toEqual({ limit: Number.NaN });
  }
  expect(parse('cc_run_status', '--limit', '5').input).toEqual({ limit: 5 });
});

test.each([
  ['--no-such-flag'],
  ['--limit'],
  ['--include-finished=yes'],
  ['--__proto__', 'x'],
  ['--constructor', 'x'],
  ['-x'],
])('%s is refused by the parser', (...args) => {
  expect(() => parse('cc_run_status', ...args)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_PARSE_ARGS_/) }),
  );
});

test('the help of everything', async () => {
  const texts = [
    generalHelp(LISTING).replace(/^cc-orchestrator \S+:/, 'cc-orchestrator VERSION:'),
    ...TOOLS.map((tool) => `$ ${commandName(tool)} --help\n${commandHelp(tool)}`),
  ];
  await expect(texts.join('\n')).toMatchFileSnapshot('help.snap.txt');
});
