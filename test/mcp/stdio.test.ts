import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { arrayAt, objectAt, stringAt } from '../../src/core/json.ts';
import { VERSION } from '../../src/core/version.ts';
import { describeTool } from '../../src/mcp/describe.ts';
import { identityOf } from '../../src/proc/identity.ts';
import { LISTING } from '../../src/tools/listing.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { cpuMsOf } from '../support/cpu-time.ts';
import { type Machine, machine } from './face.ts';
import { storeActiveRun } from './runs.ts';
import { rpcCode, ServerProcess } from './server-process.ts';

/** Far less than anything it could wait for, and enough for a machine that is busy. */
const AT_ONCE_MS = 20_000;

function start(place: Machine = machine(), ...args: string[]): ServerProcess {
  return new ServerProcess(place.env, place.project, args);
}

async function started(place?: Machine, ...args: string[]): Promise<ServerProcess> {
  const server = start(place, ...args);
  await server.initialize();
  return server;
}

test('initialize, list and call', async () => {
  const server = start();
  const { result } = await server.initialize('codex-mcp-client');
  expect(result).toMatchObject({
    protocolVersion: '2025-06-18',
    serverInfo: { name: 'cc-orchestrator', version: VERSION },
    capabilities: { tools: {}, experimental: { 'codex/sandbox-state-meta': {} } },
  });
  const list = await server.request('tools/list');
  const names = arrayAt(list.result, 'tools').map((tool) => stringAt(tool, 'name'));
  expect(names).toEqual(TOOLS.map((tool) => tool.name));
  const status = await server.call('cc_workspace_status');
  expect(objectAt(status, 'structuredContent')).toMatchObject({ cwd_from: 'claude_project_dir' });
  expect(server.noise).toEqual([]);
  expect(server.stderr).toBe('');
});

test('the list that was built in is what the sources say', async () => {
  const server = await started();
  const { result } = await server.request('tools/list');
  expect(JSON.stringify(arrayAt(result, 'tools'))).toBe(JSON.stringify(LISTING.map(describeTool)));
});

test('a process of ours is ready well within the second Codex grants', async () => {
  const server = start();
  const before = performance.now();
  await server.initialize();
  await server.request('tools/list');
  const ms = Math.round(performance.now() - before);
  // Its own work: how long it takes beside others is not up to it.
  const own = cpuMsOf(server.pid);
  console.log(`ready after ${ms} ms, ${own} ms of CPU`);
  expect(own ?? 0).toBeLessThan(1500);
});

test.each([
  ['--read-only', (kind: string) => kind === 'read'],
  ['--toolsets=runs', () => true],
])('%s chooses the surface', async (flag, fits) => {
  const server = await started(machine(), flag);
  const { result } = await server.request('tools/list');
  const names = arrayAt(result, 'tools').map((tool) => stringAt(tool, 'name'));
  expect(names.length).toBeGreaterThan(3);
  expect(names.length).toBeLessThan(TOOLS.length);
  for (const tool of TOOLS.filter(({ name }) => names.includes(name)))
    expect(fits(tool.kind)).toBe(true);
});

test('CC_TOOLSETS chooses too, and a wrong one is told before anything starts', async () => {
  const place = machine();
  const server = await started({ ...place, env: { ...place.env, CC_TOOLSETS: 'git' } });
  const { result } = await server.request('tools/list');
  const git = TOOLS.filter(({ area }) => area === 'git');
  expect(arrayAt(result, 'tools').length).toBe(git.length);
  for (const wrong of [['--toolsets', 'nothing'], ['--no-such-flag']]) {
    const refused = start(machine(), ...wrong);
    expect(await refused.ended).toEqual({ code: 2, signal: null });
    expect(refused.stderr).toMatch(/nothing|no-such-flag/);
    expect(refused.messages).toEqual([]);
    expect(refused.noise).toEqual([]);
  }
});

const LEAVING: Record<string, (server: ServerProcess) => void> = {
  'end of stdin': (server) => server.child.stdin?.end(),
  SIGINT: (server) => server.child.kill('SIGINT'),
  SIGTERM: (server) => server.child.kill('SIGTERM'),
  SIGHUP: (server) => server.child.kill('SIGHUP'),
  'SIGINT twice': (server) => {
    server.child.kill('SIGINT');
    server.child.kill('SIGINT');
  },
  'SIGTERM and the end of stdin': (server) => {
    server.child.kill('SIGTERM');
    server.child.stdin?.end();
  },
  'a closed stdout': (server) => {
    server.child.stdout?.destroy();
    for (let id = 9000; id < 9020; id += 1) {
      server.raw(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list' }));
    }
  },
};

test.each(Object.entries(LEAVING))('%s ends it at once, with code 0', async (_how, leave) => {
  const server = await started();
  await server.request('tools/list');
  const { code, signal, ms } = await server.endBy(() => leave(server));
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(ms).toBeLessThan(AT_ONCE_MS);
  expect(server.stderr).toBe('');
  expect(identityOf(server.pid)).toBeUndefined();
});

test.each(Object.entries(LEAVING))('%s ends it in the middle of a wait', async (_how, leave) => {
  const place = machine();
  await storeActiveRun(place);
  const server = await started(place);
  server.raw(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 77,
      method: 'tools/call',
      params: { name: 'cc_wait_runs', arguments: { wait_seconds: 240 } },
    }),
  );
  await server.call('cc_run_status');
  const { code, ms } = await server.endBy(() => leave(server));
  expect(code).toBe(0);
  expect(ms).toBeLessThan(AT_ONCE_MS);
});

test('it leaves before it was ever spoken to', async () => {
  const server = start();
  const { code, ms } = await server.endBy(() => server.child.stdin?.end());
  expect(code).toBe(0);
  expect(ms).toBeLessThan(AT_ONCE_MS);
});

test('it has no children of its own after calls that start programs', async () => {
  const place = machine();
  execFileSync('git', ['init', '-q'], { cwd: place.project, env: place.env });
  const server = await started(place);
  await server.call('cc_git_diff');
  await server.call('cc_healthcheck');
  expect(childrenOf(server.pid)).toEqual([]);
});

test('unknown methods are refused as such', async () => {
  const server = start();
  expect(rpcCode(await server.request('server/discover'))).toBe(-32601);
  await server.initialize();
  for (const method of [
    'server/discover',
    'resources/subscribe',
    'completion/complete',
    'no/such',
  ]) {
    expect(rpcCode(await server.request(method)), method).toBe(-32601);
  }
  expect((await server.request('ping')).result).toEqual({});
});

test('garbage does not end it', async () => {
  const server = await started();
  const garbage = [
    '',
    'not json',
    '{"jsonrpc":"2.0"',
    '[]',
    'null',
    '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    '{"jsonrpc":"2.0","method":"notifications/no-such"}',
    '{"jsonrpc":"2.0","id":500,"result":{}}',
    '{"jsonrpc":"2.0","id":501,"error":{"code":1,"message":"x"}}',
    '\0\0\0',
    '\ufeff{}',
    '\u2028',
    `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12345}}`,
  ];
  for (const line of garbage) server.raw(line);
  expect((await server.request('ping')).result).toEqual({});
  expect(server.noise).toEqual([]);
});

test('a line that arrives in pieces and one with U+2028 inside are one message each', async () => {
  const server = await started();
  const message = JSON.stringify({
    jsonrpc: '2.0',
    id: 600,
    method: 'ping',
    params: { _meta: { a: 'é\u2028😀' } },
  });
  const bytes = Buffer.from(`${message}\n`);
  for (let at = 0; at < bytes.length; at += 7) {
    server.child.stdin?.write(bytes.subarray(at, at + 7));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect((await server.response(600)).result).toEqual({});
});

test('an argument of 9 MB is refused with words', async () => {
  const server = await started();
  const result = await server.call('cc_run_agent', { task: 'A'.repeat(9_000_000), dry_run: true });
  expect(objectAt(objectAt(result, 'structuredContent'), 'error')).toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('2000000'),
  });
  expect((await server.request('ping')).result).toEqual({});
});

test('an argument of 1 MB goes through', async () => {
  const server = await started();
  const result = await server.call('cc_run_agent', { task: 'é'.repeat(500_000), dry_run: true });
  expect(objectAt(result, 'structuredContent')).toMatchObject({ dry_run: true });
});

test('many calls at once are all answered', async () => {
  const server = await started();
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      server.call(index % 2 === 0 ? 'cc_folder_policy' : 'cc_run_status', { cwd: '.' }),
    ),
  );
  for (const result of results) expect(result.isError).toBeUndefined();
});

test('a cancelled wait is not answered, and the server goes on', async () => {
  const place = machine();
  await storeActiveRun(place);
  const server = await started(place);
  server.raw(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 700,
      method: 'tools/call',
      params: { name: 'cc_wait_runs', arguments: { wait_seconds: 240 } },
    }),
  );
  await server.call('cc_run_status');
  server.notify('notifications/cancelled', { requestId: 700, reason: 'test' });
  await server.call('cc_run_status');
  expect(server.messages.filter((message) => message.id === 700)).toEqual([]);
});

test('in a plugin directory it asks for the project instead of writing there', async () => {
  const place = machine();
  const { CLAUDE_PROJECT_DIR: _ours, ...env } = place.env;
  const server = await started({ ...place, env: { ...env, CLAUDE_PLUGIN_ROOT: place.project } });
  const result = await server.call('cc_init_workspace');
  expect(objectAt(objectAt(result, 'structuredContent'), 'error')).toMatchObject({
    code: 'NO_WORKSPACE',
  });
});

function childrenOf(pid: number): string[] {
  const path = join('/proc', String(pid), 'task', String(pid), 'children');
  return readFileSync(path, 'utf8').split(' ').filter(Boolean);
}
