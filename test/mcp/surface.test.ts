import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { toolBytes } from '../../scripts/gen/snapshot.ts';
import { commandName } from '../../src/cli/help.ts';
import { describeTool } from '../../src/mcp/describe.ts';
import { INSTRUCTIONS } from '../../src/mcp/instructions.ts';
import { annotationsOf } from '../../src/tools/annotations.ts';
import { AREAS } from '../../src/tools/define.ts';
import { listedTool } from '../../src/tools/listed.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { findTool, parseToolsets, shownOf } from '../../src/tools/surface.ts';
import { connect, machine } from './face.ts';

const TOOLS_DIR = fileURLToPath(new URL('../../src/tools', import.meta.url));

test('the list is the registry, sorted, the same every time', async () => {
  const { client } = await connect();
  const { tools, nextCursor } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  expect(names).toEqual(TOOLS.map((tool) => tool.name));
  expect(names).toEqual([...names].sort());
  expect(new Set(names).size).toBe(names.length);
  expect(nextCursor).toBeUndefined();
  expect((await client.listTools()).tools).toEqual(tools);
});

test('every tool file is one tool of its area, in the registry', () => {
  const files = AREAS.flatMap((area) =>
    readdirSync(join(TOOLS_DIR, area))
      .filter((name) => readFileSync(join(TOOLS_DIR, area, name), 'utf8').includes('defineTool({'))
      .map((name) => `${area}/${name}`),
  );
  const expected = TOOLS.map((tool) => `${tool.area}/${commandName(tool)}.ts`);
  expect(files.sort()).toEqual(expected.sort());
});

test.each(TOOLS)('$name is listed as clients need it', async (tool) => {
  const listed = describeTool(listedTool(tool));
  expect(listed.name).toMatch(/^cc_[a-z]+(?:_[a-z]+)*$/);
  expect(listed.name.length).toBeLessThanOrEqual(40);
  expect(listed.title).toMatch(/^[A-Z]/);
  expect(listed.title?.length).toBeLessThanOrEqual(60);
  expect(listed.annotations).toEqual(annotationsOf(tool.kind));
  expect(Object.keys(listed.annotations ?? {}).sort()).toEqual([
    'destructiveHint',
    'idempotentHint',
    'openWorldHint',
    'readOnlyHint',
  ]);
  expect(listed).not.toHaveProperty('outputSchema');
  expect(JSON.stringify(listed)).not.toContain('$schema');
  expect(listed.inputSchema.type).toBe('object');
  for (const key of ['anyOf', 'oneOf', 'allOf', '$ref']) {
    expect(listed.inputSchema).not.toHaveProperty(key);
  }
  expect(tool.summary.length).toBeLessThanOrEqual(300);
  // Codex strips every description of a schema that is larger (codex-cli.md A3).
  expect(Buffer.byteLength(JSON.stringify(listed.inputSchema))).toBeLessThan(5000);
});

test('annotations say what the kind says', () => {
  const says = (kind: Parameters<typeof annotationsOf>[0]) => {
    const { readOnlyHint, destructiveHint, openWorldHint } = annotationsOf(kind);
    return { readOnlyHint, destructiveHint, openWorldHint };
  };
  expect(says('read')).toMatchObject({ readOnlyHint: true, destructiveHint: false });
  expect(says('write')).toMatchObject({
    readOnlyHint: false,
    destructiveHint: false,
    openWorldHint: false,
  });
  expect(says('destructive')).toMatchObject({ readOnlyHint: false, destructiveHint: true });
  expect(says('launch')).toMatchObject({ readOnlyHint: false, openWorldHint: true });
  for (const { name, kind } of TOOLS) {
    if (/^cc_run_(streaming_)?agent$|mock_stream|test_profile/.test(name))
      expect(kind).toBe('launch');
    if (/stop|rollback|clean|remove|cancel/.test(name)) expect(kind).toBe('destructive');
  }
});

test('the tools fit their byte budget', () => {
  const bytes = TOOLS.map(toolBytes).sort((a, b) => a - b);
  const middle = bytes.length / 2;
  const median = ((bytes[Math.ceil(middle) - 1] ?? 0) + (bytes[Math.floor(middle)] ?? 0)) / 2;
  const total = bytes.reduce((sum, value) => sum + value, 0);
  const mean = total / bytes.length;
  console.log(
    `${bytes.length} tools: ${total} bytes, median ${median}, mean ${Math.round(mean)}, largest ${bytes.at(-1)}`,
  );
  expect(median).toBeLessThanOrEqual(450);
  expect(mean).toBeLessThanOrEqual(500);
});

test('the instructions say in their first line what this is and when to use it', async () => {
  const { client, capabilities } = await connect();
  expect(client.getInstructions()).toBe(INSTRUCTIONS);
  const [first = ''] = INSTRUCTIONS.split('\n');
  expect(first.length).toBeLessThanOrEqual(247);
  for (const said of ['Delegate coding work', 'Claude Code', 'Use for', 'Read-only']) {
    expect(first).toContain(said);
  }
  // Codex indexes them with every tool, so a word in them finds none (test/e2e/discovery.test.ts).
  for (const word of [
    'worker',
    'agent',
    'wait',
    'progress',
    'stop',
    'diff',
    'cost',
    'model',
    'undo',
  ]) {
    expect(INSTRUCTIONS).not.toMatch(new RegExp(`\\b${word}s?\\b`, 'i'));
  }
  expect(INSTRUCTIONS.length).toBeLessThanOrEqual(2000);
  const named = INSTRUCTIONS.match(/cc_[a-z_]+/g) ?? [];
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(() => findTool(TOOLS, name)).not.toThrow();
  // Codex then tells its directory with every call.
  expect(capabilities().experimental).toHaveProperty('codex/sandbox-state-meta');
  expect(Object.keys(capabilities()).sort()).toEqual([
    'experimental',
    'prompts',
    'resources',
    'tools',
  ]);
});

test('hints and summaries name only tools that exist', () => {
  const known = new Set(TOOLS.flatMap((tool) => [tool.name, ...(tool.aliases ?? [])]));
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    for (const name of text.match(/\bcc_[a-z]+(?:_[a-z]+)+\b(?!\.|\()/g) ?? []) {
      expect(known, `${name} in ${file}`).toContain(name);
    }
  }
});

test('a read-only server shows readers only', async () => {
  const host = { ...machine().host, readOnly: true };
  const { client, call } = await connect({
    host,
    tools: shownOf(TOOLS, { toolsets: undefined, readOnly: true }),
  });
  const { tools } = await client.listTools();
  expect(tools.length).toBeGreaterThan(5);
  for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true);
  expect(tools.map((tool) => tool.name)).not.toContain('cc_run_agent');
  const refused = await call('cc_run_agent', { task: 'x' });
  expect(refused.structuredContent).toMatchObject({ ok: false, error: { code: 'UNKNOWN_TOOL' } });
});

test('toolsets choose whole areas', async () => {
  const toolsets = parseToolsets(' profiles , git ');
  const { client } = await connect({ tools: shownOf(TOOLS, { toolsets, readOnly: false }) });
  const names = (await client.listTools()).tools.map((tool) => tool.name);
  expect(names).toEqual([
    'cc_apply_run',
    'cc_benchmark_model',
    'cc_benchmark_suite',
    'cc_calibrate_policy',
    'cc_check_write_scope',
    'cc_diff_summary',
    'cc_git_diff',
    'cc_list_profiles',
    'cc_local_policy',
    'cc_model_registry',
    'cc_pick_profile',
    'cc_redo',
    'cc_rollback_run',
    'cc_score_models',
    'cc_shadow_run',
    'cc_test_profile',
    'cc_undo',
    'cc_write_strategy_reports',
  ]);
  expect(parseToolsets('')).toBeUndefined();
  expect(parseToolsets(undefined)).toBeUndefined();
  expect(() => parseToolsets('runs,nothing')).toThrow('There is no toolset "nothing".');
});
