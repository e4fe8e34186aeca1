import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generate, SNAPSHOTS } from '../scripts/gen/generate.ts';
import { TOOLS } from '../src/tools/registry.ts';
import { connect } from './mcp/face.ts';
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

function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

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
    'cc_workflow_approve',
    'cc_write_claude_md',
  ]);
});

test('AGENTS.md stays short', () => {
  expect(read('AGENTS.md').split('\n').length).toBeLessThanOrEqual(61);
});
