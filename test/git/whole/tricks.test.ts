import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diffTrees } from '../../../src/git/diff.ts';
import { takeSnapshot } from '../../../src/git/snapshot.ts';
import { repository, type Sandbox } from '../support.ts';
import { changesOf } from './support.ts';

/** Ways to keep a written file out of what git shows. `tree`: the tree alone shows it, too. */
const TRICKS: [
  name: string,
  hidden: string,
  how: (repo: Sandbox) => void,
  seen: 'tree' | 'only here',
][] = [
  [
    'a directory that ignores itself',
    'pkg/evil.js',
    (repo) => {
      repo.write('pkg/.gitignore', '*\n');
      repo.write('pkg/evil.js', 'evil\n');
    },
    'only here',
  ],
  [
    'a new rule in .gitignore',
    'evil.tmp',
    (repo) => {
      repo.write('.gitignore', '*.log\n*.tmp\n');
      repo.write('evil.tmp', 'evil\n');
    },
    'only here',
  ],
  [
    'a rule that was there already',
    'evil.log',
    (repo) => repo.write('evil.log', 'evil\n'),
    'only here',
  ],
  [
    'a change of an ignored file',
    'local.log',
    (repo) => repo.write('local.log', 'evil\n'),
    'only here',
  ],
  [
    'info/exclude',
    'evil.js',
    (repo) => {
      repo.write('.git/info/exclude', 'evil.js\n');
      repo.write('evil.js', 'evil\n');
    },
    'tree',
  ],
  [
    'core.excludesFile',
    'evil.js',
    (repo) => {
      repo.write('.git/rules', 'evil.js\n');
      repo.git('config', 'core.excludesFile', join(repo.root, '.git/rules'));
      repo.write('evil.js', 'evil\n');
    },
    'tree',
  ],
  [
    'attributes that make it binary or filtered',
    'src/a.txt',
    (repo) => {
      repo.write('.gitattributes', '* -diff filter=x\n');
      repo.git('config', 'filter.x.clean', 'true');
      repo.write('src/a.txt', 'evil\n');
    },
    'tree',
  ],
  [
    'a nested repository without a commit',
    'nested/evil.js',
    (repo) => {
      mkdirSync(join(repo.root, 'nested'));
      repo.gitIn(join(repo.root, 'nested'), 'init', '-q');
      repo.write('nested/evil.js', 'evil\n');
    },
    'only here',
  ],
  [
    'a nested repository with a commit',
    'nested/evil.js',
    (repo) => {
      mkdirSync(join(repo.root, 'nested'));
      repo.gitIn(join(repo.root, 'nested'), 'init', '-q');
      repo.write('nested/evil.js', 'evil\n');
      repo.gitIn(join(repo.root, 'nested'), 'add', '-A');
      repo.gitIn(join(repo.root, 'nested'), 'commit', '-qm', 'x');
    },
    'only here',
  ],
  [
    'a source directory that becomes a repository',
    'src/evil.js',
    (repo) => {
      repo.gitIn(join(repo.root, 'src'), 'init', '-q');
      repo.write('src/evil.js', 'evil\n');
    },
    'tree',
  ],
  [
    'a change in a submodule or repository that was there',
    'vendor/lib.js',
    (repo) => repo.write('vendor/lib.js', 'evil\n'),
    'only here',
  ],
  [
    'skip-worktree and assume-unchanged',
    'src/a.txt',
    (repo) => {
      repo.git('update-index', '--skip-worktree', 'src/a.txt');
      repo.git('update-index', '--assume-unchanged', 'src/a.txt');
      repo.write('src/a.txt', 'evil\n');
    },
    'tree',
  ],
  [
    'committed',
    'src/a.txt',
    (repo) => {
      repo.write('src/a.txt', 'evil\n');
      repo.git('commit', '-qam', 'x');
    },
    'tree',
  ],
  [
    'taken out of the index and ignored',
    'src/a.txt',
    (repo) => {
      repo.git('rm', '-q', '--cached', 'src/a.txt');
      repo.write('.gitignore', '*.log\na.txt\n');
      repo.write('src/a.txt', 'evil\n');
    },
    'tree',
  ],
  [
    'inside the git directory',
    '.git/evil.sh',
    (repo) => repo.write('.git/evil.sh', 'evil\n'),
    'only here',
  ],
  [
    'a gitfile that leads elsewhere',
    '.git',
    (repo) => {
      renameSync(join(repo.root, '.git'), join(repo.home, 'moved.git'));
      writeFileSync(join(repo.root, '.git'), `gitdir: ${join(repo.home, 'moved.git')}\n`);
    },
    'only here',
  ],
  [
    'a directory that became a link to another one',
    'src',
    (repo) => {
      renameSync(join(repo.root, 'src'), join(repo.home, 'src'));
      symlinkSync(join(repo.home, 'src'), join(repo.root, 'src'));
    },
    'tree',
  ],
  [
    'beside our workspace',
    '.agent-workspace/evil',
    (repo) => repo.write('.agent-workspace/evil', 'evil\n'),
    'only here',
  ],
  [
    'in the dependencies',
    'node_modules/dep/index.js',
    (repo) => repo.write('node_modules/dep/index.js', 'evil\n'),
    'only here',
  ],
];

function start(): Sandbox {
  const repo = repository();
  repo.write('.gitignore', '*.log\nnode_modules/\n');
  repo.write('src/a.txt', 'one\n');
  repo.write('vendor/lib.js', 'lib\n');
  repo.gitIn(join(repo.root, 'vendor'), 'init', '-q');
  repo.git('add', '.gitignore', 'src');
  repo.git('commit', '-qm', 'start');
  repo.write('local.log', 'log\n');
  repo.write('node_modules/dep/index.js', 'dep\n');
  return repo;
}

test.each(TRICKS)('hiding does not work: %s', async (_name, hidden, how) => {
  const repo = start();
  const { files, not_captured } = await changesOf(repo, () => how(repo));
  expect(files.flatMap(({ path, old_path }) => [path, old_path])).toContain(hidden);
  expect(not_captured).toEqual([]);
});

test.each(TRICKS.filter(([, , , seen]) => seen === 'only here'))(
  'the tree alone would miss it: %s',
  async (_name, hidden, how) => {
    const repo = start();
    const options = { privateDir: repo.store, env: repo.env };
    const base = await takeSnapshot(repo.root, options);
    how(repo);
    const after = await takeSnapshot(repo.root, options);
    const { files } = await diffTrees(base, after, { env: repo.env });
    expect(files.map(({ path }) => path)).not.toContain(hidden);
    rmSync(repo.store, { recursive: true });
  },
);
