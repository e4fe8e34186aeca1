import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/core/version.ts';
import { checkUpgrade } from '../../src/governance/upgrade/check.ts';
import { findNewest } from '../../src/governance/upgrade/newest.ts';
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
