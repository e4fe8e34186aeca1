import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { generate, SNAPSHOTS } from '../scripts/gen/generate.ts';
import { commandName } from '../src/cli/help.ts';
import { OWN_COMMANDS } from '../src/cli/own-commands.ts';
import { TOOLS } from '../src/tools/registry.ts';
import { readPolicy } from '../src/workspace/policy.ts';
import { connect, machine } from './mcp/face.ts';
import { REPOSITORY } from './support/lab.ts';

const files = await generate(REPOSITORY);

test.each([...files])('%s is up to date (else: npm run gen)', (path, content) => {
  expect(readFileSync(join(REPOSITORY, path), 'utf8'), 'run: npm run gen').toBe(content);
});

test('there is no snapshot of a tool that is gone (else: npm run gen)', () => {
  const expected = TOOLS.map((tool) => `${tool.name}.json`).sort();
  expect(readdirSync(join(REPOSITORY, SNAPSHOTS)).sort(), 'run: npm run gen').toEqual(expected);
});

test('the snapshots hold what clients are sent', async () => {
  const { client } = await connect();
  const { tools } = await client.listTools();
  const stored = tools.map(({ name }) =>
    JSON.parse(readFileSync(join(REPOSITORY, SNAPSHOTS, `${name}.json`), 'utf8')),
  );
  expect(stored.map((snapshot) => snapshot.listed)).toEqual(tools);
});

test('parity names every tool of the predecessor', () => {
  const parity = files.get('docs/parity.md') ?? '';
  expect(parity).toMatch(/^Of 67 tools \d+ are here/m);
});

const DOCUMENTS = ['README.md', 'SKILL.md', 'CONTRIBUTING.md', 'AGENTS.md', 'SECURITY.md'].concat(
  readdirSync(join(REPOSITORY, 'docs')).map((name) => `docs/${name}`),
);

function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

test.each(DOCUMENTS)('%s links to what exists', (path) => {
  for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
    expect(existsSync(join(REPOSITORY, dirname(path), target)), target).toBe(true);
  }
});

test('the guides name only tools and commands there are', () => {
  const tools = TOOLS.map((tool) => tool.name);
  for (const path of ['README.md', 'SKILL.md', 'install/codex.config.toml']) {
    for (const name of read(path).match(/\bcc_[a-z_]*[a-z]\b/g) ?? []) {
      expect(tools, path).toContain(name);
    }
  }
  const commands = [...OWN_COMMANDS.map(({ name }) => name), ...TOOLS.map(commandName)];
  for (const path of ['README.md', 'SECURITY.md', 'SKILL.md', 'docs/waiting.md']) {
    for (const [, name] of read(path).matchAll(/(?:^|`)cc-orchestrator (?!is )([a-z][a-z-]*)/gm)) {
      expect(commands, path).toContain(name);
    }
  }
});

test('the policy of the README is the default policy', async () => {
  const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  const { home } = machine().host;
  const defaults = await readPolicy(home);
  mkdirSync(home.root, { recursive: true });
  writeFileSync(home.policy, block);
  expect(await readPolicy(home)).toEqual(defaults);
  const documented = [...block.matchAll(/^(?:# )?([a-z_]+):/gm)].map(([, key]) => key);
  expect(documented).toEqual(expect.arrayContaining(Object.keys(defaults)));
});

test('the Codex template names exactly what Codex would refuse, and leaves the caps to the user', () => {
  const template = read('install/codex.config.toml');
  const named = [...template.matchAll(/tools\.(cc_\w+)\]\napproval_mode = "(\w+)"/g)];
  const needed = TOOLS.filter(({ kind }) => kind === 'launch' || kind === 'destructive');
  expect(named.map(([, name]) => name).sort()).toEqual(needed.map(({ name }) => name));
  const asked = named.flatMap(([, name, mode]) => (mode === 'prompt' ? [name] : []));
  expect(asked.sort()).toEqual([
    'cc_apply_run',
    'cc_archive_runs',
    'cc_benchmark_model',
    'cc_benchmark_suite',
    'cc_calibrate_policy',
    'cc_clean_workspace',
    'cc_cost_guard',
    'cc_local_policy',
    'cc_redo',
    'cc_repair_mcp_paths',
    'cc_rollback_run',
    'cc_shadow_run',
    'cc_undo',
    'cc_write_claude_md',
  ]);
});

test('the skill is one a client accepts', () => {
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read('SKILL.md')) ?? [];
  const fields = parse(head) as Record<string, string>;
  expect(fields.name).toBe('cc-orchestrator');
  expect(fields.description?.length).toBeLessThanOrEqual(1024);
  expect(fields.compatibility?.length).toBeLessThanOrEqual(500);
  const allowed = ['name', 'description', 'license', 'compatibility', 'metadata', 'allowed-tools'];
  for (const key of Object.keys(fields)) expect(allowed).toContain(key);
  expect(body.split('\n').length).toBeLessThan(500);
});

test('AGENTS.md stays short', () => {
  expect(read('AGENTS.md').split('\n').length).toBeLessThanOrEqual(61);
});
