import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeReceipt } from '../../src/setup/receipt.ts';
import { changesOf, Machine, textOf } from './machine.ts';

const PROJECT = { clients: ['codex', 'claude'], scope: 'project' } as const;

/** Files as people and formatters leave them. */
const FILES: Record<string, string> = {
  'another server': '{\n    "mcpServers": {\n        "a": {"command": "x"}\n    }\n}\n',
  'other keys': '{"x": [1, {"y": "}"}], "mcpServers": {"a": {"command": "x", "args": ["\\""]}}}',
  'no servers': '{\n\t"other": true\n}',
  'empty servers': '{ "mcpServers": {} }\n',
  'an empty object': '{}',
  'empty servers over lines': '{\r\n  "mcpServers": {\r\n  }\r\n}\r\n',
  'a BOM': '\ufeff{\n  "mcpServers": {}\n}\n',
};

describe.each(Object.entries(FILES))('a .mcp.json with %s', (_, before) => {
  it('is there again, byte for byte', async () => {
    const machine = new Machine();
    const path = join(machine.project, '.mcp.json');
    machine.write(path, before);
    await machine.setup(PROJECT);
    const { mcpServers, ...rest } = JSON.parse(textOf(path).replace('\ufeff', ''));
    const { mcpServers: old, ...others } = JSON.parse(before.replace('\ufeff', ''));
    const { 'cc-orchestrator': ours, ...theirs } = mcpServers;
    expect(ours).toMatchObject({ type: 'stdio', args: [expect.stringMatching(/\.js$/), 'mcp'] });
    expect(theirs).toEqual(old ?? {});
    expect(rest).toEqual(others);
    expect(changesOf(await machine.setup(PROJECT))).toEqual([]);
    await machine.uninstall(PROJECT);
    expect(textOf(path)).toBe(before);
  });
});

it('sets up a project for both clients, and takes everything away', async () => {
  const machine = new Machine();
  await machine.setup(PROJECT);
  for (const path of [
    '.codex/config.toml',
    '.agents/skills/cc-orchestrator/SKILL.md',
    '.mcp.json',
    '.claude/skills/cc-orchestrator/SKILL.md',
  ]) {
    expect(existsSync(join(machine.project, path)), path).toBe(true);
  }
  await machine.uninstall(PROJECT);
  for (const path of ['.codex', '.agents', '.mcp.json', '.claude']) {
    expect(existsSync(join(machine.project, path)), path).toBe(false);
  }
});

it('goes from the file of Claude Code too where Claude Code itself is gone', async () => {
  const machine = new Machine();
  const config = join(machine.dir, 'home/.claude.json');
  const value = { command: 'node' };
  machine.write(
    config,
    '{\n  "a": 1,\n  "mcpServers": {"cc-orchestrator": {"command": "node"}, "z": {}}\n}\n',
  );
  await writeReceipt(machine.host.home, '0.0.0', [
    { client: 'claude', kind: 'config', path: config, created: false, created_dirs: [], value },
  ]);
  machine.env.CC_CLAUDE_PATH = '/nowhere/claude';
  await machine.uninstall({ clients: 'all' });
  expect(textOf(config)).toBe('{\n  "a": 1,\n  "mcpServers": {"z": {}}\n}\n');
});

it('takes out only its own where the user has added a server', async () => {
  const machine = new Machine();
  const path = join(machine.project, '.mcp.json');
  await machine.setup(PROJECT);
  machine.write(
    path,
    textOf(path).replace('"mcpServers": {', '"mcpServers": {\n    "b": {"command": "y"},'),
  );
  await machine.uninstall(PROJECT);
  expect(JSON.parse(textOf(path))).toEqual({ mcpServers: { b: { command: 'y' } } });
});

it('keeps an entry the user has changed, until told to replace it', async () => {
  const machine = new Machine();
  const path = join(machine.project, '.mcp.json');
  machine.write(path, '{"mcpServers": {"cc-orchestrator": {"command": "mine"}, "z": {}}}');
  const plan = await machine.setup(PROJECT);
  expect(plan.notes.map(({ level }) => level)).toContain('kept');
  expect(textOf(path)).toContain('mine');
  await machine.setup({ ...PROJECT, replace: true });
  expect(textOf(path)).not.toContain('mine');
  await machine.uninstall(PROJECT);
  expect(textOf(path)).toContain('mine');
});

it('--replace over our own entry that the user has changed leaves nothing of it behind', async () => {
  const machine = new Machine();
  const path = join(machine.project, '.mcp.json');
  machine.write(path, '{"mcpServers": {"z": {}}}');
  await machine.setup(PROJECT);
  machine.write(path, textOf(path).replace('"stdio"', '"stdio", "env": {"A": "1"}'));
  await machine.setup({ ...PROJECT, replace: true });
  expect(textOf(path)).not.toContain('env');
  const plan = await machine.uninstall(PROJECT);
  expect(plan.notes).toEqual([]);
  expect(JSON.parse(textOf(path))).toEqual({ mcpServers: { z: {} } });
});

it.each([
  ['{\n  "mcpServers": {\n    "a": 1,\n  }\n}', /line 4/],
  ['{"a": 1} trailing', /line 1/],
  ['[]', /not a JSON object/],
  ['{"mcpServers": []}', /no object/],
])('refuses %j with its line', async (before, message) => {
  const machine = new Machine();
  const path = join(machine.project, '.mcp.json');
  machine.write(path, before);
  await expect(machine.setup(PROJECT)).rejects.toThrow(message);
  expect(textOf(path)).toBe(before);
  expect(existsSync(join(machine.project, '.codex'))).toBe(false);
});
