import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diffTrees, diffWorkingTree } from '../../src/git/diff.ts';
import { openGit } from '../../src/git/git.ts';
import { describeHead } from '../../src/git/head.ts';
import { takeSnapshot } from '../../src/git/snapshot.ts';
import { newCommits } from '../../src/git/whole/commits.ts';
import { compareWhole } from '../../src/git/whole/compare.ts';
import { comparePaths } from '../../src/git/whole/compare-paths.ts';
import { takeWhole } from '../../src/git/whole/take.ts';
import { canaryScript, repository, type Sandbox } from './support.ts';
import { readAt } from './whole/read-back.ts';

const HOOKS = ['post-index-change', 'pre-commit', 'post-checkout', 'reference-transaction'];

/** A repository whose configuration starts a program at every turn, and the list of those started. */
function hostile(repo: Sandbox): { started(): string[]; arm(gitDir: string): void } {
  const scripts = join(repo.home, 'scripts');
  const canaries = join(repo.home, 'canaries');
  const script = (name: string) => canaryScript(scripts, canaries, name);
  const config = (suffix: string) =>
    [
      '[core]',
      `fsmonitor = ${script(`fsmonitor${suffix}`)}`,
      `pager = ${script(`pager${suffix}`)}`,
      `editor = ${script(`editor${suffix}`)}`,
      `sshCommand = ${script(`ssh${suffix}`)}`,
      `askPass = ${script(`askpass${suffix}`)}`,
      `gitProxy = ${script(`proxy${suffix}`)}`,
      `alternateRefsCommand = ${script(`alternates${suffix}`)}`,
      `hooksPath = ${join(repo.home, 'hooks')}`,
      '[diff]',
      `external = ${script(`diff-external${suffix}`)}`,
      'submodule = diff',
      'ignoreSubmodules = none',
      '[status]',
      'submoduleSummary = true',
      '[submodule]',
      'recurse = true',
      `[filter "evil${suffix}"]`,
      `clean = ${script(`clean${suffix}`)}`,
      `smudge = ${script(`smudge${suffix}`)}`,
      'required = true',
      `[filter "long=[x]\\"y\\"${suffix}"]`,
      `process = ${script(`process${suffix}`)}`,
      `clean = ${script(`long-clean${suffix}`)}`,
      '[filter ""]',
      `clean = ${script(`nameless-clean${suffix}`)}`,
      `[diff "evil${suffix}"]`,
      `command = ${script(`diff-command${suffix}`)}`,
      `textconv = ${script(`textconv${suffix}`)}`,
      'cachetextconv = true',
      `[merge "evil${suffix}"]`,
      `driver = ${script(`merge-driver${suffix}`)}`,
      '[credential]',
      `helper = ${script(`credential${suffix}`)}`,
      '[gpg]',
      `program = ${script(`gpg${suffix}`)}`,
      '[log]',
      'showSignature = true',
      '[alias]',
      `status = !${script(`alias${suffix}`)}`,
      `rev-parse = !${script(`alias2${suffix}`)}`,
      '[pager]',
      `status = ${script(`pager-status${suffix}`)}`,
      `[hook "evil${suffix}"]`,
      'event = post-index-change',
      `command = ${script(`config-hook${suffix}`)}`,
      '',
    ].join('\n');
  const arm = (gitDir: string) => {
    appendFileSync(join(gitDir, 'config'), `${config('')}\n[include]\npath = more\n`);
    writeFileSync(join(gitDir, 'more'), `${config('-included')}\n`);
    for (const hook of HOOKS) {
      const path = script(`hook-${hook}`);
      for (const place of [join(repo.home, 'hooks'), join(gitDir, 'hooks')]) {
        mkdirSync(place, { recursive: true });
        cpSync(path, join(place, hook));
        chmodSync(join(place, hook), 0o755);
      }
    }
  };
  arm(join(repo.root, '.git'));
  // The hooks above prove themselves once; only what is started later counts.
  rmSync(canaries, { recursive: true, force: true });
  mkdirSync(canaries);
  return { started: () => readdirSync(canaries).sort(), arm };
}

const ATTRIBUTES = [
  '*.a filter=evil diff=evil merge=evil',
  '*.b filter=evil-included diff=evil-included',
  '*.c filter=long=[x]"y"',
  '*.d filter=',
  '',
].join('\n');

function seeded(): Sandbox {
  const repo = repository();
  repo.write('.gitattributes', ATTRIBUTES);
  for (const kind of ['a', 'b', 'c', 'd']) repo.write(`f.${kind}`, 'old\n');
  repo.commit();
  return repo;
}

function change(repo: Sandbox, text: string): void {
  for (const kind of ['a', 'b', 'c', 'd']) repo.write(`f.${kind}`, `${text}\n`);
  repo.write(`untracked-${text}.a`, `${text}\n`);
}

async function everything(repo: Sandbox): Promise<void> {
  const { env } = repo;
  const options = { privateDir: repo.store, env };
  const base = await takeSnapshot(repo.root, options);
  change(repo, 'next');
  const target = await takeSnapshot(repo.root, options);
  const diff = await diffTrees(base, target, { env });
  expect(diff.files.length).toBeGreaterThan(3);
  expect(diff.patch).toContain('+next');
  await everythingWhole(repo);
  expect(await describeHead(repo.root, { env })).toMatchObject({ dirty: true });
  expect((await diffWorkingTree(repo.root, { env })).files.length).toBeGreaterThan(4);
  expect((await diffWorkingTree(repo.root, { env, whole: true })).patch).toContain('+next');
}

async function everythingWhole(repo: Sandbox): Promise<void> {
  const { env } = repo;
  const options = { privateDir: join(repo.home, 'whole'), env };
  const base = await takeWhole(repo.root, options);
  change(repo, 'later');
  // By hand: git itself would start the hooks of this repository.
  repo.write('.git/refs/heads/moved', `${base.head}\n`);
  const after = await takeWhole(repo.root, { ...options, earlier: base });
  const { files, patch } = await compareWhole(base, after, { env, maxPatchBytes: 10_000 });
  expect(files.map(({ path }) => path)).toContain('.git/refs/heads/moved');
  expect(patch).toContain('+later');
  expect((await readAt(base, 'f.a', { env }))?.bytes.toString()).toBe('next\n');
  expect(await comparePaths(base, after, { env })).toHaveLength(files.length);
  const commits = await newCommits(repo.root, null, after.head, { env });
  expect(commits?.commits.length).toBeGreaterThan(0);
}

test('plain git would start these programs: the trap works', () => {
  const repo = seeded();
  const { started } = hostile(repo);
  change(repo, 'new');
  const env = { ...repo.env, GIT_CONFIG_NOSYSTEM: '1' };
  for (const args of [['status'], ['diff'], ['add', '-A']]) {
    spawnSync('git', args, { cwd: repo.root, env, timeout: 10_000 });
  }
  expect(started()).toEqual(
    expect.arrayContaining([
      'clean',
      'fsmonitor-included',
      'process',
      'diff-command',
      'hook-post-index-change',
    ]),
  );
});

test('no public function starts a program of the repository', async () => {
  const repo = seeded();
  const { started } = hostile(repo);
  change(repo, 'new');
  await everything(repo);
  expect(started()).toEqual([]);
});

test('nor do commands through the open wrapper, reading and writing', async () => {
  const repo = seeded();
  const { started } = hostile(repo);
  change(repo, 'new');
  const git = await openGit(repo.root, repo);
  const okCodes = [0, 1, 128];
  for (const args of [
    ['status', '--verbose'],
    ['diff'],
    ['diff', '--stat', 'HEAD'],
    ['diff-files', '--patch'],
    ['diff-index', '--patch', 'HEAD'],
    ['log', '--patch', '--all'],
    ['show', 'HEAD'],
    ['blame', 'f.a'],
    ['grep', 'new'],
    ['ls-remote', 'ssh://example.invalid/x'],
    ['fetch', 'ext::sh -c true'],
    ['add', '--all'],
    ['checkout', '--force', '--', '.'],
    ['stash', 'list'],
  ]) {
    const { exitCode } = await git.run(args, { okCodes });
    const remote = args[0] === 'ls-remote' || args[0] === 'fetch';
    expect([args[0], exitCode]).toEqual([args[0], remote ? 128 : 0]);
  }
  expect(started()).toEqual([]);
});

test('a hostile submodule and a hostile repository inside are not entered', async () => {
  const inner = seeded();
  const repo = seeded();
  repo.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner.root, 'sub');
  repo.commit();
  const { started, arm } = hostile(repo);
  arm(join(repo.root, '.git/modules/sub'));
  cpSync(inner.root, join(repo.root, 'nested'), { recursive: true });
  arm(join(repo.root, 'nested/.git'));
  repo.write('sub/f.a', 'changed\n');
  repo.write('nested/f.a', 'changed\n');
  change(repo, 'new');
  await everything(repo);
  const git = await openGit(repo.root, repo);
  await git.run(['status']);
  await git.run(['diff', 'HEAD']);
  await git.run(['log', '--patch']);
  expect(started()).toEqual([]);
});

test('a missing object is not fetched through a program', async () => {
  const repo = seeded();
  const { started } = hostile(repo);
  const upload = canaryScript(
    join(repo.home, 'scripts'),
    join(repo.home, 'canaries'),
    'upload-pack',
  );
  rmSync(join(repo.home, 'canaries/upload-pack'), { force: true });
  for (const [key, value] of [
    ['core.repositoryformatversion', '1'],
    ['extensions.partialClone', 'origin'],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.url', repo.root],
    ['remote.origin.uploadpack', upload],
  ] as const) {
    repo.git('config', key, value);
  }
  const blob = execFileSync('git', ['--git-dir', '.git', 'rev-parse', 'HEAD:f.a'], {
    cwd: repo.root,
    env: repo.env,
    encoding: 'utf8',
  }).trim();
  rmSync(join(repo.root, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  repo.write('f.a', 'new\n');
  const git = await openGit(repo.root, repo);
  await git.run(['diff', 'HEAD'], { okCodes: [0, 1, 128] });
  await diffWorkingTree(repo.root, { ...repo, maxPatchBytes: 0 }).catch(() => undefined);
  await takeSnapshot(repo.root, { privateDir: repo.store, env: repo.env });
  expect(started()).toEqual([]);
});

test('a git of the repository on a relative PATH is not taken', async () => {
  const repo = seeded();
  const { started } = hostile(repo);
  canaryScript(repo.root, join(repo.home, 'canaries'), 'git');
  const env = { ...repo.env, PATH: `.::bin:${repo.env.PATH}` };
  await describeHead(repo.root, { env });
  expect(started()).toEqual([]);
});

test('nor does what somebody writes into a private repository or the home', async () => {
  const repo = seeded();
  const { started, arm } = hostile(repo);
  const options = { privateDir: repo.store, env: repo.env };
  const base = await takeWhole(repo.root, options);
  writeFileSync(join(repo.home, '.gitconfig'), readFileSync(join(repo.root, '.git/config')));
  cpSync(join(repo.root, '.git/more'), join(repo.home, 'more'));
  const own = readFileSync(join(repo.store, 'config'));
  for (const spoil of [
    () => undefined,
    () => arm(repo.store),
    // The configuration is ours again, and git is sent to another one.
    () => {
      writeFileSync(join(repo.store, 'config'), own);
      writeFileSync(join(repo.store, 'commondir'), `${join(repo.root, '.git')}\n`);
    },
  ]) {
    spoil();
    writeFileSync(join(repo.store, 'info/attributes'), ATTRIBUTES);
    change(repo, `next-${Math.random()}`);
    const after = await takeWhole(repo.root, { ...options, earlier: base });
    const { files } = await compareWhole(base, after, { env: repo.env, maxPatchBytes: 10_000 });
    expect(files.length).toBeGreaterThan(3);
  }
  expect(started()).toEqual([]);
});

test('a driver name that cannot be overridden is refused', async () => {
  const repo = repository();
  const bytes = Buffer.concat([
    Buffer.from('[filter "'),
    Buffer.from([0xff]),
    Buffer.from('"]\nclean = false\n'),
  ]);
  appendFileSync(join(repo.root, '.git/config'), bytes);
  await expect(describeHead(repo.root, repo)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
});

test('a driver named like a guarded setting is no obstacle', async () => {
  const repo = repository();
  for (const name of ['include.path', 'url.x.insteadof', 'init.templatedir', 'a=b']) {
    repo.git('config', `filter.${name}.clean`, 'false');
  }
  expect(await describeHead(repo.root, repo)).toMatchObject({ branch: 'main' });
});
