import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { flagsOf, parseCommand } from '../../src/cli/flags.ts';
import { commandName } from '../../src/cli/help.ts';
import { OWN_COMMANDS } from '../../src/cli/own-commands.ts';
import { FAILURE_CLASSES } from '../../src/core/vocabulary.ts';
import { FLAG_CODES } from '../../src/runs/insight/flags.ts';
import { SERVER } from '../../src/setup/names.ts';
import type { Tool } from '../../src/tools/define.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { REPOSITORY } from '../support/lab.ts';
import { FIELDS, flagsOfOwn, isWord, toolNamed } from './known.ts';
import { blocksOf, callsIn, commandLines, DOCUMENTS, read, spansOf, wordsOf } from './reading.ts';

const SELF = 'cc-orchestrator';

/** What the skill names of others; each has to be named somewhere. */
const FOREIGN = [
  'ALL_TOOLS',
  'CC_PROFILE_<NAME>_PRICE_INPUT',
  'CC_CLAUDE_PATH',
  'ToolSearch',
  '_PRICE_OUTPUT',
  'cd',
  'claude -p',
  'codex exec',
  'run_…',
  '<folder>',
  'node <clone>/dist/cc-orchestrator.js',
  'npm run gen',
  'npm install -g @anthropic-ai/claude-code',
  'select:mcp__cc-orchestrator__cc_verify_run',
  'sudo apt-get install bubblewrap',
  'tool_search',
  'tool_timeout_sec',
  '~/.codex/config.toml',
];

/** Programs that a shell block may run beside ours. */
const PROGRAMS = /^(?:codex mcp get|claude mcp list|claude -p) ?/;

test.each(DOCUMENTS)('the calls in %s are ones the tools accept', (path) => {
  for (const { language, text } of blocksOf(read(path))) {
    if (language !== 'text') continue;
    const calls = callsIn(text);
    expect(calls.length, text).toBe(text.match(/^\S/gm)?.length);
    for (const call of calls) checkCall(call.name, call.json);
  }
});

test.each(DOCUMENTS)('the commands in %s are ones the command line accepts', (path) => {
  for (const { language, text } of blocksOf(read(path))) {
    expect(['text', 'sh', 'toml'], text).toContain(language);
    if (language === 'toml') checkToml(text);
    if (language !== 'sh') continue;
    for (const line of commandLines(text)) {
      const [program, ...words] = wordsOf(line);
      if (program === SELF) checkCommand(words, 'whole');
      else expect(line).toMatch(PROGRAMS);
    }
  }
});

test.each(DOCUMENTS)('what %s names in passing exists', (path) => {
  for (const span of spansOf(read(path))) {
    expect(() => checkSpan(span), span).not.toThrow();
  }
});

test('what it names of others is still named', () => {
  const named = new Set(DOCUMENTS.flatMap((path) => spansOf(read(path))));
  expect(FOREIGN.filter((text) => !named.has(text))).toEqual([]);
});

test.each(DOCUMENTS)('%s links only to what is installed with it', (path) => {
  for (const [, target = ''] of read(path).matchAll(/\]\(([^)]+)\)/g)) {
    expect(target).not.toMatch(/^https?:/);
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? path : normalize(join(dirname(path), file));
    expect(DOCUMENTS, target).toContain(linked);
    if (anchor !== undefined) expect(anchorsOf(read(linked)), target).toContain(anchor);
  }
});

test('every reference is reachable from SKILL.md', () => {
  for (const path of DOCUMENTS.slice(1)) expect(read('SKILL.md')).toContain(`](${path})`);
});

test('the playbook has a next step for every failure and every flag', () => {
  const playbook = read('skill/references/playbook.md');
  for (const code of [...FAILURE_CLASSES, ...FLAG_CODES]) {
    if (code !== 'success') expect(playbook).toContain(`\`${code}\``);
  }
});

test('SKILL.md is one that clients accept', () => {
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read('SKILL.md')) ?? [];
  const rules = z.strictObject({
    // It has to be called like its directory, which setup makes.
    name: z.literal(SERVER),
    // Codex shortens what lists a skill to 2 % of the context, all skills together.
    description: z.string().min(1).max(600),
    license: z.string().optional(),
    compatibility: z.string().max(500).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    'allowed-tools': z.string().optional(),
  });
  expect(rules.safeParse(parseYaml(head)).error?.issues).toBeUndefined();
  expect(body.split('\n').length).toBeLessThan(500);
});

test('it costs little to read', () => {
  const size = (path: string) => Buffer.byteLength(read(path));
  expect(size('SKILL.md')).toBeLessThan(8000);
  for (const path of DOCUMENTS) expect(size(path), path).toBeLessThan(20_000);
});

function checkSpan(span: string): void {
  if (FOREIGN.includes(span) || isWord(span)) return;
  const [first = '', ...rest] = span.split(' ');
  const call = /^(cc_\w+) (\{.*\})$/.exec(span);
  const script = /^await tools\.mcp__cc_orchestrator__(cc_\w+)\(\{…\}\)$/.exec(span)?.[1];
  const field = /^([a-z_.]+): (.+)$/.exec(span);
  if (call !== null) checkCall(call[1] ?? '', call[2] ?? '');
  else if (script !== undefined) toolNamed(script);
  else if (first === SELF && rest.length > 0) checkCommand(wordsOf(span).slice(1), 'named');
  else if (/^cc_\w+$/.test(span)) toolNamed(span);
  else if (/^cc_\w+\(.*\)$/.test(span)) checkSignature(span);
  else if (/^--[a-z-]+$/.test(span)) expect(ALL_FLAGS).toContain(span);
  else if (field !== null) checkField(field[1] ?? '', field[2] ?? '');
  else if (/^"\w+": /.test(span)) checkField(...fieldOf(span));
  else if (/^mcp__(?:plugin_cc-orchestrator_)?cc/.test(span)) return;
  else if (OWN_COMMANDS.concat(TOOLS.map(asCommand)).some(({ name }) => name === span)) return;
  else expect(existsSync(join(REPOSITORY, span)), 'is nothing that exists').toBe(true);
}

function asCommand(tool: Tool): (typeof OWN_COMMANDS)[number] {
  return { name: commandName(tool), summary: tool.summary };
}

const ALL_FLAGS = [
  ...TOOLS.flatMap((tool) => flagsOf(tool).map(({ name }) => `--${name}`)),
  ...OWN_COMMANDS.flatMap(({ name }) => flagsOfOwn(name)),
  '--json',
];

function checkCall(name: string, json: string): void {
  const input: unknown = JSON.parse(json);
  const { error } = toolNamed(name).input.safeParse(input);
  expect(error?.issues, `${name} ${json}`).toBeUndefined();
}

/** `cc_x(a, b?)` of the generated index. */
function checkSignature(span: string): void {
  toolNamed(span.replace(/\(.*/, ''));
}

function fieldOf(span: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^"(\w+)": (.+)$/.exec(span) ?? [];
  return [name, value];
}

/** A value that some field of this name can have. */
function checkField(name: string, value: string): void {
  const schemas = FIELDS.get(name) ?? [];
  const given: unknown = JSON.parse(value);
  const fits = schemas.some((schema) => z.fromJSONSchema(schema).safeParse(given).success);
  expect(fits, `${name} has no ${value}`).toBe(true);
}

/** `named`: a command may lack what it needs; it is not run as it stands. */
function checkCommand([name = '', ...words]: readonly string[], how: 'whole' | 'named'): void {
  const tool = TOOLS.find(
    (one) => commandName(one) === name || one.aliases?.includes(`cc_${name.replaceAll('-', '_')}`),
  );
  if (tool === undefined) {
    expect(OWN_COMMANDS.map((own) => own.name)).toContain(name);
    for (const word of words.filter((one) => one.startsWith('--'))) {
      expect([...flagsOfOwn(name), '--json'], name).toContain(word);
    }
    return;
  }
  const { input } = parseCommand(tool, words, () => '');
  if (how === 'named' && words.length === 0) return;
  expect(tool.input.safeParse(input).error?.issues, words.join(' ')).toBeUndefined();
}

function checkToml(text: string): void {
  const [, tool = ''] = /^\[mcp_servers\.cc-orchestrator\.tools\.(\w+)\]$/m.exec(text) ?? [];
  toolNamed(tool);
  expect(() => parseToml(text)).not.toThrow();
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}
