import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { codeOf, connect, dataOf, errorOf, type FaceOptions, machine } from './face.ts';

/** Asks where we are, with these facts of the client, environment and call. */
async function where(
  facts: FaceOptions & {
    env?: Record<string, string>;
    arguments?: Record<string, unknown>;
    meta?: Record<string, unknown>;
  },
) {
  const { host } = machine();
  const { CLAUDE_PROJECT_DIR: _ours, ...env } = host.env as Record<string, string>;
  const face = await connect({ ...facts, host: { ...host, env: { ...env, ...facts.env } } });
  return face.call('cc_workspace_status', facts.arguments ?? {}, facts.meta);
}

function folder(name: string): string {
  const path = join(machine().project, name);
  mkdirSync(path, { recursive: true });
  return path;
}

test('an explicit cwd wins over everything', async () => {
  const [explicit, other] = [folder('explicit'), folder('other')];
  const result = await where({
    arguments: { cwd: explicit },
    env: { CLAUDE_PROJECT_DIR: other },
    roots: () => [{ uri: pathToFileURL(other).href }],
    meta: { 'codex/sandbox-state-meta': { sandboxCwd: pathToFileURL(other).href } },
  });
  expect(dataOf(result)).toMatchObject({ cwd: explicit, cwd_from: 'argument' });
});

test('Codex tells its directory in the metadata of the call', async () => {
  const [codex, other] = [folder('with space é'), folder('other')];
  const result = await where({
    env: { CLAUDE_PROJECT_DIR: other },
    meta: { 'codex/sandbox-state-meta': { sandboxCwd: pathToFileURL(codex).href } },
  });
  expect(dataOf(result)).toMatchObject({ cwd: codex, cwd_from: 'call_metadata' });
});

test('a relative cwd is meant from the client’s directory', async () => {
  const codex = folder('top');
  mkdirSync(join(codex, 'below'));
  const result = await where({
    arguments: { cwd: 'below' },
    meta: { 'codex/sandbox-state-meta': { sandboxCwd: pathToFileURL(codex).href } },
  });
  expect(dataOf(result)).toMatchObject({ cwd: join(codex, 'below'), cwd_from: 'argument' });
});

test('turn metadata counts when it names one workspace only', async () => {
  const [one, two] = [folder('one'), folder('two')];
  const turn = (...paths: string[]) => ({
    'x-codex-turn-metadata': { workspaces: Object.fromEntries(paths.map((path) => [path, {}])) },
  });
  expect(dataOf(await where({ meta: turn(one) }))).toMatchObject({
    cwd: one,
    cwd_from: 'call_metadata',
  });
  const both = await where({ meta: turn(one, two), env: { CLAUDE_PROJECT_DIR: two } });
  expect(dataOf(both)).toMatchObject({ cwd: two, cwd_from: 'claude_project_dir' });
});

test('turn metadata helps where the sandbox directory is not a local path', async () => {
  const one = folder('one');
  const result = await where({
    meta: {
      'codex/sandbox-state-meta': { sandboxCwd: 'ssh://elsewhere/x' },
      'x-codex-turn-metadata': { workspaces: { [one]: {} } },
    },
  });
  expect(dataOf(result)).toMatchObject({ cwd: one, cwd_from: 'call_metadata' });
});

test('Claude Code says it in the environment', async () => {
  const project = folder('claude');
  const result = await where({ env: { CLAUDE_PROJECT_DIR: project } });
  expect(dataOf(result)).toMatchObject({ cwd: project, cwd_from: 'claude_project_dir' });
});

test('the first local root of the client comes next, asked for once', async () => {
  const project = folder('root');
  const roots = vi.fn(() => [
    { uri: 'file://other-machine/share' },
    { uri: pathToFileURL(project).href },
  ]);
  const { host } = machine();
  const { CLAUDE_PROJECT_DIR: _ours, ...env } = host.env as Record<string, string>;
  const { call } = await connect({ roots, host: { ...host, env } });
  for (let times = 0; times < 2; times += 1) {
    const result = await call('cc_workspace_status', {});
    expect(dataOf(result)).toMatchObject({ cwd: project, cwd_from: 'roots' });
  }
  expect(roots).toHaveBeenCalledTimes(1);
});

test('a client whose roots fail is a client without roots', async () => {
  const result = await where({
    roots: () => {
      throw new Error('no roots today');
    },
  });
  expect(dataOf(result)).toMatchObject({ cwd: process.cwd(), cwd_from: 'process' });
});

test('a server that runs in a plugin directory asks for the project', async () => {
  const result = await where({ env: { CLAUDE_PLUGIN_ROOT: process.cwd() } });
  expect(errorOf(result)).toMatchObject({
    code: 'NO_WORKSPACE',
    hint: expect.stringContaining('cwd'),
  });
});

test('metadata of another shape is no metadata', async () => {
  const project = folder('fallback');
  for (const meta of [
    { 'codex/sandbox-state-meta': 'text' },
    { 'codex/sandbox-state-meta': { sandboxCwd: 7 } },
    { 'codex/sandbox-state-meta': { sandboxCwd: 'file://%zz' } },
    { 'x-codex-turn-metadata': { workspaces: [] } },
    { threadId: { a: 1 } },
  ]) {
    const result = await where({ meta, env: { CLAUDE_PROJECT_DIR: project } });
    expect(codeOf(result)).toBe('ok');
    expect(dataOf(result)).toMatchObject({ cwd: project });
  }
});
