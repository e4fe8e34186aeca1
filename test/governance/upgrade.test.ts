import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/core/version.ts';
import { checkUpgrade } from '../../src/governance/upgrade/check.ts';
import { findNewest, isNewer } from '../../src/governance/upgrade/newest.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { sharedPaths, type Workspace, workspaceAt } from '../../src/workspace/layout.ts';
import { Machine } from '../setup/machine.ts';

const signal = new AbortController().signal;

let machine: Machine;
let workspace: Workspace;

beforeEach(() => {
  machine = new Machine();
  workspace = workspaceAt(machine.project);
});

const check = (remote = false) => checkUpgrade(machine.host, workspace, { remote }, signal);

describe('an upgrade check', () => {
  it('knows its version, and writes nothing anywhere', async () => {
    const before = readdirSync(machine.dir, { recursive: true });
    expect(await check()).toEqual({
      version: VERSION,
      installation: { kind: 'package', root: machine.installation },
      formats: { understood: 1, found: {} },
      user_files: [],
      clients: [expect.objectContaining({ name: 'clients', status: 'warn' })],
    });
    expect(readdirSync(machine.dir, { recursive: true })).toEqual(before);
  });

  it('tells the files of the user with their digests', async () => {
    const { home } = machine.host;
    machine.write(home.policy, 'retention: {days: 3}\n');
    machine.write(join(home.promptPack, 'roles', 'mine.md'), 'hello\n');
    machine.write(join(home.root, 'other'), 'x');
    expect((await check()).user_files).toEqual([
      { path: home.policy, bytes: 21, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      {
        path: join(home.promptPack, 'roles', 'mine.md'),
        bytes: 6,
        sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
      },
    ]);
  });

  it('tells formats that are newer, and files that cannot be read', async () => {
    await initWorkspace(workspace, machine.host.home, machine.host.clock);
    const { active } = sharedPaths(workspace);
    machine.write(join(active, 'newer.json'), '{"schema_version": 2}');
    machine.write(join(active, 'torn.json'), '{"schema');
    const { formats } = await check();
    expect(formats).toMatchObject({
      found: { 2: 1 },
      newer: [join(active, 'newer.json')],
      unreadable: [join(active, 'torn.json')],
    });
    expect(formats.found[1]).toBeGreaterThan(0);
  });

  it('tells whose version the entries of the clients are', async () => {
    mkdirSync(dirname(machine.config), { recursive: true });
    await machine.setup();
    expect(await check()).toMatchObject({ setup_by: VERSION, clients: [{ status: 'pass' }] });
    writeFileSync(join(machine.installation, 'SKILL.md'), '---\nname: x\n---\nnew\n');
    expect((await check()).clients).toMatchObject([{ status: 'warn', fix: expect.any(String) }]);
  });
});

describe('the newest version', () => {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x.invalid', ...args], { cwd });
  const newest = (root: string) => findNewest(machine.host, { kind: 'clone', root }, signal);

  /** A clone whose remote has these tags. */
  function clone(...tags: string[]): string {
    const [origin, root] = [join(machine.dir, 'origin'), join(machine.dir, 'clone')];
    mkdirSync(origin);
    git(origin, 'init', '-q');
    git(origin, 'commit', '-q', '--allow-empty', '-m', 'x');
    for (const tag of tags) git(origin, 'tag', tag);
    git(machine.dir, 'clone', '-q', origin, root);
    return root;
  }

  it('is the highest release among the tags of the remote, and how to get it', async () => {
    const root = clone('v1.2.3', 'v99.10.0', '99.9.9', 'v100.0.0-rc.1', 'nightly');
    expect(await newest(root)).toEqual({
      asked: 'git',
      version: '99.10.0',
      newer: true,
      upgrade: expect.stringContaining('git pull'),
    });
  });

  it('is no upgrade when it is here already', async () => {
    expect(await newest(clone(`v${VERSION}`))).toEqual({
      asked: 'git',
      version: VERSION,
      newer: false,
    });
  });

  it.each<[string, (root: string) => void]>([
    ['without releases', () => undefined],
    ['without a remote', (root) => git(root, 'remote', 'remove', 'origin')],
    ['where the remote is gone', (root) => git(root, 'remote', 'set-url', 'origin', '/no/such')],
    [
      'where the address would start a program',
      (root) => git(root, 'remote', 'set-url', 'origin', 'ext::sh -c "touch /tmp/cc-never"'),
    ],
  ])('is unknown %s, which is an answer', async (_, change) => {
    const root = clone();
    change(root);
    expect(await newest(root)).toEqual({
      asked: 'git',
      version: null,
      newer: null,
      why: expect.any(String),
    });
  });

  it('is unknown without npm, and asked for only on demand', async () => {
    expect(await check()).not.toHaveProperty('newest');
    machine.env.PATH = '/nonexistent';
    expect((await check(true)).newest).toMatchObject({ asked: 'npm', version: null, newer: null });
  });
});

type Answer = { status?: number; body: unknown };
const asked: string[] = [];
const servers: Server[] = [];
afterEach(async () => {
  asked.length = 0;
  await Promise.all(servers.splice(0).map((server) => closed(server)));
});

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** A server on loopback, which notes what it is asked. */
async function serve(answer: (path: string) => Answer): Promise<{ url: string; server: Server }> {
  const server = createServer(({ url = '', method }, response) => {
    asked.push(`${method} ${url}`);
    const { status = 200, body } = answer(url);
    const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(bytes);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

describe('the newest version, asked for with npm itself', () => {
  const PACKAGE = { kind: 'package', root: '/' } as const;
  const newest = () => findNewest(machine.host, PACKAGE, signal);
  const packument = (latest: string, ...versions: string[]) => ({
    body: {
      name: 'cc-orchestrator',
      'dist-tags': { latest },
      versions: Object.fromEntries(
        [...versions, latest].map((version) => [
          version,
          { name: 'cc-orchestrator', version, dist: { tarball: 'http://x.invalid/x.tgz' } },
        ]),
      ),
    },
  });

  async function registry(answer: Answer): Promise<Server> {
    const { url, server } = await serve(() => answer);
    machine.env.PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
    machine.write(join(machine.env.HOME ?? '', '.npmrc'), `registry=${url}\n`);
    return server;
  }

  it.each<[string, Answer, object]>([
    [
      'a newer one',
      packument('99.1.0', '0.0.1'),
      { version: '99.1.0', newer: true, upgrade: expect.stringContaining('@99.1.0 &&') },
    ],
    ['ours', packument(VERSION), { version: VERSION, newer: false }],
    ['an older one', packument('0.0.1'), { version: '0.0.1', newer: false }],
    [
      'a prerelease beside releases',
      packument('100.0.0-rc.1', '99.9.0', '99.10.0', '0.0.1'),
      { version: '99.10.0', newer: true, upgrade: expect.stringContaining('@99.10.0 &&') },
    ],
    [
      'nothing but a prerelease',
      packument('99.0.0-rc.1'),
      { version: null, newer: null, why: 'no release is there' },
    ],
    [
      'no such package',
      { status: 404, body: { error: 'Not found' } },
      {
        version: null,
        newer: null,
        why: expect.stringMatching(/^the registry has no package cc-orchestrator/),
      },
    ],
    [
      'no JSON',
      { body: '<html>Please sign in</html>' },
      { version: null, newer: null, why: expect.stringContaining('invalid json') },
    ],
    [
      'JSON that is no package',
      { body: [1] },
      { version: null, newer: null, why: 'no release is there' },
    ],
    [
      'versions that are no versions',
      { body: { 'dist-tags': { latest: '$(touch x)' }, versions: { '; rm -rf': {} } } },
      { version: null, newer: null, why: expect.any(String) },
    ],
    [
      'an error of the registry',
      { status: 500, body: {} },
      { version: null, newer: null, why: expect.stringContaining('500') },
    ],
  ])('where the registry has %s', async (_, answer, expected) => {
    await registry(answer);
    expect(await newest()).toEqual({ asked: 'npm', ...expected });
    expect(asked).toEqual(['GET /cc-orchestrator']);
    expect(existsSync(join(machine.env.HOME ?? '', '.npm'))).toBe(false);
  });

  it('is unknown where the registry is not reached, also when npm asked it before', async () => {
    const server = await registry(packument('99.1.0'));
    const args = ['view', 'cc-orchestrator', 'version', '--no-update-notifier'];
    const { stdout } = await promisify(execFile)('npm', args, { env: machine.env });
    expect(stdout.trim()).toBe('99.1.0');
    await closed(server);
    expect(await newest()).toEqual({
      asked: 'npm',
      version: null,
      newer: null,
      why: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('asks the registry that the environment names, and nobody unless told to', async () => {
    await registry(packument('99.1.0'));
    const { url } = await serve(() => packument('99.2.0'));
    machine.env.npm_config_registry = url;
    expect(await check()).not.toHaveProperty('newest');
    expect(asked).toEqual([]);
    expect((await check(true)).newest).toMatchObject({ version: '99.2.0' });
  });
});

describe('the newest version, asked for with git over HTTP', () => {
  it('is found, and unknown where the remote says no or is gone', async () => {
    const git = (cwd: string, ...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x.invalid', ...args], { cwd });
    const [origin, root] = [join(machine.dir, 'origin'), join(machine.dir, 'clone')];
    for (const path of [origin, root]) mkdirSync(path);
    git(origin, 'init', '-q');
    git(origin, 'commit', '-q', '--allow-empty', '-m', 'x');
    git(origin, 'tag', '-a', '-m', 'x', 'v99.1.0');
    git(origin, 'tag', 'v99.2.0-rc.1');
    git(origin, 'update-server-info');
    let status = 200;
    const { url, server } = await serve((path) => {
      const file = join(origin, '.git', path.replace(/\?.*/, ''));
      return existsSync(file) ? { status, body: readFileSync(file) } : { status: 404, body: '' };
    });
    git(root, 'init', '-q');
    git(root, 'remote', 'add', 'origin', url);
    machine.env.PATH = process.env.PATH ?? '';
    const newest = () => findNewest(machine.host, { kind: 'clone', root }, signal);
    expect(await newest()).toMatchObject({ asked: 'git', version: '99.1.0', newer: true });
    for (status of [401, 403, 500]) {
      expect(await newest()).toMatchObject({
        version: null,
        newer: null,
        why: expect.stringMatching(/\w/),
      });
    }
    await closed(server);
    expect(await newest()).toMatchObject({
      version: null,
      why: expect.stringContaining('connect'),
    });
  });
});

it.each([
  ['1.2.3', '1.2.2', true],
  ['1.10.0', '1.9.9', true],
  ['1.2.3', '1.2.3', false],
  ['1.2.3', '1.2.3-rc.1', true],
  ['1.2.3', '1.2.4-rc.1', false],
  ['1.2.3', '1.2.3+build', false],
])('%s is newer than %s: %s', (release, version, expected) => {
  expect(isNewer(release, version)).toBe(expected);
});
