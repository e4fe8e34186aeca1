import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { toErrorFacts } from '../../src/core/errors.ts';
import { isId } from '../../src/core/ids.ts';
import { knownWorkspaces, userHome } from '../../src/workspace/home.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { MANAGED_DIRS, managedDir, sharedPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { bundle } from '../support/bundle.ts';
import { startFixture } from '../support/processes.ts';
import { makeReadOnly, scratch, smallDisk } from '../support/scratch.ts';

const GROUND = await bundle(['core/clock', 'workspace/home', 'workspace/init', 'workspace/layout']);

function project(root = join(scratch(), 'project')) {
  mkdirSync(root, { recursive: true });
  const workspace = workspaceAt(root);
  const home = userHome({ CC_ORCHESTRATOR_HOME: join(scratch(), 'home') });
  const init = () => initWorkspace(workspace, home, systemClock);
  const failure = async () => toErrorFacts(await init().catch((e: unknown) => e));
  return { root, workspace, home, init, failure };
}

/** Every path below `root`, with the content of files. */
function snapshot(root: string): Record<string, string> {
  const all = readdirSync(root, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    all.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length), entry.isFile() ? readFileSync(path, 'utf8') : ''];
    }),
  );
}

describe('initWorkspace', () => {
  it('creates everything, for this user only, and says what', async () => {
    const { root, workspace, home, init } = project();
    const { file, created } = await init();
    expect(isId(file.id, 'ws')).toBe(true);
    for (const name of MANAGED_DIRS) expect(created).toContain(managedDir(workspace, name));
    expect(created).toContain(sharedPaths(workspace).workspaceFile);
    for (const path of created) expect(existsSync(path)).toBe(true);
    expect(readdirSync(root)).toEqual(['.agent-workspace']);
    if (process.platform !== 'win32') {
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
        expect([entry.name, mode]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
      }
    }
    expect(await knownWorkspaces(home)).toEqual([root]);
  });

  it('again changes nothing, and completes what is missing', async () => {
    const { root, workspace, init } = project();
    const first = await init();
    const before = snapshot(root);
    expect(await init()).toEqual({ file: first.file, created: [] });
    expect(snapshot(root)).toEqual(before);
    rmSync(managedDir(workspace, 'ledger'), { recursive: true });
    expect((await init()).created).toEqual([managedDir(workspace, 'ledger')]);
    expect(snapshot(root)).toEqual(before);
  });

  it('keeps what the user changed in its files', async () => {
    const { workspace, root, init } = project();
    await init();
    const ignore = join(root, '.agent-workspace', '.gitignore');
    writeFileSync(ignore, '*\n!keep\n');
    writeFileSync(join(workspace.base, 'README.md'), 'mine');
    await init();
    expect(readFileSync(ignore, 'utf8')).toBe('*\n!keep\n');
    expect(readFileSync(join(workspace.base, 'README.md'), 'utf8')).toBe('mine');
  });

  it('git does not see it', async () => {
    const { root, init } = project();
    const env = { PATH: process.env.PATH ?? '', HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root, env }).toString();
    git('init', '-q');
    await init();
    expect(git('status', '--porcelain', '--untracked-files=all')).toBe('');
  });

  it('several processes at once end with one workspace, and all know its id', async () => {
    const { root, workspace, home } = project();
    const crew = Array.from({ length: 6 }, () =>
      startFixture('init-workspace', [GROUND, root, home.root]),
    );
    for (const one of crew) await one.next();
    for (const one of crew) one.say('go');
    const said = await Promise.all(
      crew.map((one) => one.next<{ id: string; created: string[] }>()),
    );
    const path = sharedPaths(workspace).workspaceFile;
    const { id } = JSON.parse(readFileSync(path, 'utf8'));
    expect(said.map((answer) => answer.id)).toEqual(said.map(() => id));
    // Directories may have two authors, a file has one.
    const files = said.flatMap(({ created }) =>
      created.filter((one) => !statSync(one).isDirectory()),
    );
    expect(files.map((file) => basename(file)).sort()).toEqual([
      '.gitignore',
      'README.md',
      'workspace.json',
    ]);
    expect(Object.keys(snapshot(root)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await knownWorkspaces(home)).toEqual([root]);
  });

  it('a newer workspace is not touched', async () => {
    const { workspace, init, failure } = project();
    await init();
    const path = sharedPaths(workspace).workspaceFile;
    for (const content of [
      '{"schema_version":99,"id":"ws_x","created":"x"}',
      '{"schema_version":99,"everything":"is different"}',
    ]) {
      writeFileSync(path, content);
      expect(await failure()).toMatchObject({ code: 'FORMAT_TOO_NEW' });
      expect(readFileSync(path, 'utf8')).toBe(content);
    }
  });

  it.each(['', '{"torn', '[]', '{"schema_version":1}'])(
    'a damaged workspace file is told, not replaced: %j',
    async (content) => {
      const { workspace, init, failure } = project();
      await init();
      const path = sharedPaths(workspace).workspaceFile;
      writeFileSync(path, content);
      const facts = await failure();
      expect(facts.code).toBe('STORAGE_CORRUPT');
      expect(facts.message).toContain(path);
      expect(readFileSync(path, 'utf8')).toBe(content);
    },
  );

  it.each(['.agent-workspace', '.agent-workspace/claude-code-orchestrator/runs'])(
    'a file where %s must be is told',
    async (name) => {
      const { root, failure } = project();
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), 'a file');
      expect(await failure()).toMatchObject({ code: 'NOT_A_DIRECTORY' });
      expect(readFileSync(join(root, name), 'utf8')).toBe('a file');
    },
  );
});

describe('where nothing can be written', () => {
  it('a read-only project is told by its name', async (context) => {
    const root = readOnlyDirectory();
    if (root === undefined) return context.skip();
    const facts = await project(root).failure();
    expect(facts).toMatchObject({ code: 'STORAGE_READ_ONLY', retryable: false });
    expect(facts.message).toContain(root);
  });

  it('a read-only user home is told by its name, not as the fault of the project', async (context) => {
    const home = readOnlyDirectory();
    if (home === undefined) return context.skip();
    const { workspace } = project();
    const error = await initWorkspace(
      workspace,
      userHome({ CC_ORCHESTRATOR_HOME: home }),
      systemClock,
    ).catch((e: unknown) => e);
    const facts = toErrorFacts(error);
    expect(facts.code).toBe('STORAGE_READ_ONLY');
    expect(facts.message).toContain(home);
    expect(facts.hint).toContain('CC_ORCHESTRATOR_HOME');
  });

  it('a full disk is told, and leaves no file without its content', async (context) => {
    const disk = smallDisk(24);
    if (disk === undefined) return context.skip();
    const { init, failure } = project(join(disk, 'project'));
    writeFileSync(join(disk, 'ballast'), 'x'.repeat(24 << 10));
    expect(await failure()).toMatchObject({ code: 'STORAGE_FULL' });
    expect(existsSync(join(disk, 'project', '.agent-workspace', '.gitignore'))).toBe(false);
    rmSync(join(disk, 'ballast'));
    await init();
    expect(readFileSync(join(disk, 'project', '.agent-workspace', '.gitignore'), 'utf8')).toBe(
      '*\n',
    );
  });
});

/** Root writes into every directory whatever its mode, so there it takes a read-only mount. */
function readOnlyDirectory(): string | undefined {
  if (process.getuid?.() === 0) {
    const disk = smallDisk(128);
    if (disk !== undefined) makeReadOnly(disk);
    return disk;
  }
  const directory = join(scratch(), 'read-only');
  mkdirSync(directory);
  chmodSync(directory, 0o500);
  onTestFinished(() => chmodSync(directory, 0o700));
  return directory;
}

it('a workspace that is a link is refused, and nothing is written where it leads', async () => {
  const elsewhere = scratch();
  const { root, failure } = project();
  symlinkSync(elsewhere, join(root, '.agent-workspace'));
  expect(await failure()).toMatchObject({ code: 'NOT_ALLOWED', hint: expect.any(String) });
  expect(readdirSync(elsewhere)).toEqual([]);
});
