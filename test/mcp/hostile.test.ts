import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrayAt, isObject, objectAt, stringAt } from '../../src/core/json.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { MAX_RESULT_BYTES } from '../../src/tools/result.ts';
import { fullInputSchemaOf } from '../../src/tools/schema.ts';
import { findTool } from '../../src/tools/surface.ts';
import { REPOSITORY } from '../support/lab.ts';
import { removeTree } from '../support/remove-tree.ts';
import { codeOf, connect, errorOf, type Face, type Machine, machine, textOf } from './face.ts';
import { storeFinishedRun } from './runs.ts';

const MARK = 'cc-outside';
const UP = '../'.repeat(12);

/** Strings that have broken something somewhere. None of them names an existing directory. */
const STRINGS: Record<string, string> = {
  'climbs up': `${UP}${MARK}`,
  'climbs up behind an id': `run_20261121t110900123z_k3v7qa2m/../../../../${MARK}`,
  'climbs up with backslashes': `..\\..\\..\\${MARK}`,
  'climbs up encoded': `%2e%2e%2f%2e%2e%2f${MARK}`,
  'absolute path': `/${MARK}/x`,
  'a device': '/dev/null',
  'a file that is no directory': '/proc/self/environ',
  'a file URL': 'file:///etc/passwd',
  'a Windows device': '\\\\.\\CON',
  'the home shorthand': `~/${MARK}`,
  NUL: `a\0b`,
  'only NUL': '\0',
  ANSI: '\u001b[2J\u001b[31mred\u001b]0;title\u0007',
  'C1 controls': '\u009b2J\u0085',
  'bidi override': 'abc\u202egnp.exe',
  'carriage return': 'one\rtwo\r\n',
  empty: '',
  blank: ' \t\n ',
  'an option': '--help',
  'a short option': '-rf',
  'shell substitution': `$(touch ${MARK})`,
  backticks: `\`touch ${MARK}\``,
  'shell separator': `; touch ${MARK} #`,
  quotes: `'"'"`,
  'a glob of everything': '**',
  'a broken glob': '[[[{{{',
  'the prototype': '__proto__',
  constructor: 'constructor',
  'lone surrogate': '\ud800',
  emoji: '😀'.repeat(500),
  '1 MB': 'A'.repeat(1 << 20),
  '1 MB of newlines': '\n'.repeat(1 << 20),
  'a JSON object': '{"__proto__":{"polluted":true}}',
  'a very deep JSON': '['.repeat(10_000),
};

const VALUES: Record<string, unknown> = {
  ...STRINGS,
  number: 7,
  'negative number': -1,
  'not a number': Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  'huge number': 1e300,
  null: null,
  true: true,
  'an object': { a: 1 },
  'an empty list': [],
  'a list of lists': [[['a']]],
  'a list of numbers': [1, 2],
  'a long list': Array(5000).fill('a'),
  'a polluting object': JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}',
  ),
};

type Parameter = { tool: string; path: string[]; isList: boolean };

/** Every parameter that takes text, a list of it, or a group. */
function parameters(): Parameter[] {
  return TOOLS.flatMap((tool) => fromSchema(tool.name, fullInputSchemaOf(tool), []));
}

function fromSchema(tool: string, schema: unknown, parents: string[]): Parameter[] {
  return Object.entries(objectAt(schema, 'properties') ?? {}).flatMap(([key, property]) => {
    const path = [...parents, key];
    const type = stringAt(property, 'type');
    return [
      { tool, path, isList: type === 'array' },
      ...(type === 'object' ? fromSchema(tool, property, path) : []),
    ];
  });
}

let place: Machine;
let runId: string;
let before: string[];

beforeAll(async () => {
  place = machine({}, realpathSync(mkdtempSync(join(tmpdir(), 'cc-hostile-'))));
  runId = (await storeFinishedRun(place)).id;
  before = everythingElse();
});

afterAll(async () => {
  const after = everythingElse();
  await removeTree(place.dir);
  expect(after).toEqual(before);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

/** What exists where our own tools have nothing to create. */
function everythingElse(): string[] {
  const names = ['home', 'tmp', 'project/.agent-workspace', 'project/CLAUDE.md'];
  const own = names.map((name) => join('a/b/c', name));
  const inside = readdirSync(place.dir, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !own.some((prefix) => !relative(prefix, path).startsWith('..')),
  );
  // Other tests run beside this one, so elsewhere only what bears our names counts.
  const outside = ['/', tmpdir(), REPOSITORY, dirname(REPOSITORY)].flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.includes(MARK) || name === '.agent-workspace')
      .map((name) => join(path, name)),
  );
  return [...inside, ...outside].sort();
}

/** What a tool must get so that the one hostile value is all that is wrong. */
function harmless(tool: string): Record<string, unknown> {
  const { shape } = findTool(TOOLS, tool).input;
  return {
    ...('task' in shape ? { task: 'Look.', dry_run: true } : {}),
    ...('wait_seconds' in shape ? { wait_seconds: 0 } : {}),
    // A profile that exists would start a worker where the value is not refused.
    ...(tool === 'cc_test_profile' ? { profile: 'nothing' } : {}),
    ...(tool === 'cc_benchmark_suite' ? { profiles: ['nothing'] } : {}),
    ...('run_id' in shape ? { run_id: runId } : {}),
    // What it is told to run, it runs.
    ...(tool === 'cc_verify_run' ? { run_id: 'run_20261121t110900123z_k3v7qa2m' } : {}),
    // What it is told to archive, it archives, and the others need the run.
    ...('run_ids' in shape && tool !== 'cc_archive_runs' ? { run_ids: [runId] } : {}),
  };
}

function withValue(input: Record<string, unknown>, path: readonly string[], value: unknown) {
  const [key = '', ...rest] = path;
  const child = isObject(input[key]) ? { ...input[key] } : {};
  input[key] = rest.length === 0 ? value : withValue(child, rest, value);
  return input;
}

function expectDecent(result: CallToolResult, what: string): void {
  const text = textOf(result);
  expect(text, what).not.toMatch(/\n\s+at .+:\d+:\d+/);
  expect(JSON.stringify(result).length, what).toBeLessThan(2 * MAX_RESULT_BYTES + 2000);
  if (!result.isError) return;
  const error = errorOf(result);
  expect(result.structuredContent, what).toMatchObject({ ok: false });
  expect(error.code, `${what}: ${error.message}`).toMatch(/^[A-Z_]+$/);
  expect(error.code, `${what}: ${error.message}`).not.toBe('INTERNAL');
  expect(error.hint, what).toBeTruthy();
  expect(text, what).toBe(`${error.code}: ${error.message}\n${error.hint}`);
  expect(text.length, what).toBeLessThan(3000);
  expect(text, what).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
}

async function tryValue(face: Face, { tool, path }: Parameter, value: unknown, what: string) {
  const result = await face.call(tool, withValue(harmless(tool), path, value));
  expectDecent(result, `${tool} ${path.join('.')}: ${what}`);
  return result;
}

test.each(parameters().map((parameter) => ({ ...parameter, at: parameter.path.join('.') })))(
  '$tool survives anything in $at',
  async (parameter) => {
    // These start a worker where the value is not refused.
    if (parameter.tool === 'cc_mock_stream_test' || parameter.at === 'deep') return;
    const face = await connect({ host: place.host });
    for (const [what, value] of Object.entries(VALUES))
      await tryValue(face, parameter, value, what);
    if (!parameter.isList) return;
    for (const [what, value] of Object.entries(STRINGS)) {
      await tryValue(face, parameter, [value], `list of ${what}`);
    }
  },
);

const IDS = parameters().filter(({ path }) => /^(run_ids?|cursor)$/.test(path[0] ?? ''));

test.each(IDS)('$tool takes only an id as $path', async (parameter) => {
  const face = await connect({ host: place.host });
  for (const [what, value] of Object.entries(STRINGS)) {
    const wrapped = parameter.isList ? [value] : value;
    const result = await tryValue(face, parameter, wrapped, what);
    // An empty cursor is the beginning.
    if (parameter.path[0] === 'cursor' && value === '') continue;
    expect(codeOf(result), what).toBe('BAD_INPUT');
  }
});

test.each(TOOLS)('$name refuses what it does not know', async ({ name }) => {
  const { call } = await connect({ host: place.host });
  const keys = ['', 'x', 'params', 'toString', 'a\u001b[2Jb', 'k'.repeat(10_000), '\u202e'];
  for (const key of keys) {
    const result = await call(name, { ...harmless(name), [key]: 1 });
    expectDecent(result, key.slice(0, 20));
    expect(codeOf(result), key.slice(0, 20)).toBe('UNKNOWN_ARGUMENT');
  }
  for (const text of [
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
  ]) {
    const result = await call(name, { ...harmless(name), ...{ x: 1 }, ...JSON.parse(text) });
    expectDecent(result, text);
    expect(codeOf(result), text).toBe('UNKNOWN_ARGUMENT');
  }
  const own: unknown = JSON.parse(
    `{${JSON.stringify(harmless(name)).slice(1, -1)}${Object.keys(harmless(name)).length > 0 ? ',' : ''}"__proto__":{"polluted":true}}`,
  );
  // Its installation test would run for real if the key went unnoticed.
  if (name !== 'cc_mock_stream_test') expectDecent(await call(name, own), '__proto__');
});

test('arguments of another shape are a protocol error, and the server goes on', async () => {
  const { call } = await connect({ host: place.host });
  for (const wrong of ['text', 7, true]) {
    await expect(call('cc_workspace_status', wrong)).rejects.toThrow();
  }
  expect(codeOf(await call('cc_workspace_status'))).toBe('ok');
  expect(codeOf(await call('cc_workspace_status', {}))).toBe('ok');
});

test.each(Object.entries(STRINGS))('a tool named %s is unknown', async (_what, name) => {
  const { call } = await connect({ host: place.host });
  const result = await call(name, {});
  expectDecent(result, name.slice(0, 40));
  expect(codeOf(result)).toBe('UNKNOWN_TOOL');
});

test('every missing or wrong piece of input is named', async () => {
  const { call } = await connect({ host: place.host });
  for (const tool of TOOLS) {
    const required = arrayAt(fullInputSchemaOf(tool), 'required').map(String);
    if (required.length === 0) continue;
    const { message, code } = errorOf(await call(tool.name, {}));
    expect(code).toBe('BAD_INPUT');
    for (const name of required) expect(message).toContain(name);
  }
});

test('hostile metadata is only metadata', async () => {
  const { call } = await connect({ host: place.host });
  for (const value of Object.values(VALUES)) {
    for (const meta of [
      { threadId: value },
      { 'x-codex-turn-metadata': value },
      { 'x-codex-turn-metadata': { workspaces: { [String(value).slice(0, 2000)]: {} } } },
      { 'codex/sandbox-state-meta': { sandboxCwd: value } },
      { 'codex/sandbox-state-meta': { sandboxCwd: `file://${String(value).slice(0, 2000)}` } },
    ]) {
      expectDecent(await call('cc_last_run', {}, meta), JSON.stringify(meta).slice(0, 80));
    }
  }
});

test('a hostile task is stored and told without harm', async () => {
  const { call } = await connect({ host: place.host });
  const task = `${STRINGS.ANSI}${STRINGS['bidi override']}\n${STRINGS['1 MB']}`;
  const started = await call('cc_run_streaming_agent', {
    task,
    context: STRINGS.NUL,
    idempotency_key: `${UP}${MARK}`,
  });
  expectDecent(started, 'start');
  expect(codeOf(started)).toBe('ok');
  for (const result of [started, await call('cc_run_status', { include_finished: true })]) {
    expect(JSON.stringify(result)).not.toMatch(/\\u001b|\u202e/);
  }
  const again = await call('cc_run_streaming_agent', { task, idempotency_key: `${UP}${MARK}` });
  expect(again.structuredContent).toMatchObject({
    existing: true,
    run_id: started.structuredContent?.run_id,
  });
});
