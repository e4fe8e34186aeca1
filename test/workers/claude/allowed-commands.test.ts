import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandRefusal, isCommandCovered } from '../../../src/workers/claude/allowed-commands.ts';
import { decideToolCall } from '../../../src/workers/claude/guard.ts';
import { writeSize } from '../../../src/workers/claude/write-size.ts';
import { scratch } from '../../support/scratch.ts';

describe('commands', () => {
  const allowed = (command: string, patterns: string[]) =>
    commandRefusal(command, patterns) === undefined;

  it.each([
    'git push',
    'git push origin',
    'cd x && git push',
    'sh -c "git push"',
    '/usr/bin/git push',
    'env A=1 git push',
    'echo $(git push)',
    '$GIT push',
    'g*t push',
  ])('that are taken away do not run in any form that can be seen: %s', (command) => {
    expect(allowed(command, ['*', '!git push *'])).toBe(false);
  });

  it('that are not taken away run', () => {
    for (const command of ['git status', 'echo "git push"', 'ls *; echo $HOME']) {
      expect(allowed(command, ['*', '!git push *']), command).toBe(true);
    }
    expect(allowed('npm publish', ['npm *', '!npm publish'])).toBe(false);
    expect(allowed('npm test', ['npm *', '!npm publish'])).toBe(true);
    expect(allowed('npm test', ['!npm publish'])).toBe(false);
  });

  it.each<[string, string, boolean]>([
    ['npm test', 'npm *', true],
    ['npm run *', 'npm *', true],
    ['npm *', 'npm run *', false],
    ['npm test', 'npm test', true],
    ['*', 'npm *', false],
    ['npm *', '*', true],
    ['npm test; rm x', 'npm *', false],
  ])('%s is covered by %s: %s', (wanted, by, expected) => {
    expect(isCommandCovered(wanted, by)).toBe(expected);
  });
});

describe('any command', () => {
  const root = '/p';
  const decide = (command: string, sandboxed: boolean, cwd = root) =>
    decideToolCall(
      'Bash',
      { command },
      { cwd, root, scope: { paths: [], commands: ['*'] }, sandboxed, protectedPaths: ['infra/**'] },
    ).allow;

  it('is none where no sandbox holds it', () => {
    expect([decide('ls', true), decide('ls', false)]).toEqual([true, false]);
  });

  it.each([
    'echo x > .git/config',
    'cp a .claude/settings.json',
    'sed -i s/a/b/ infra/main.tf',
    'sh -c "rm -rf .agent-workspace"',
    'tee x/.mcp.json',
  ])('does not change what it can be seen to change: %s', (command) => {
    expect(decide(command, true)).toBe(false);
  });

  it.each(['cat .git/config', 'grep x infra/main.tf', 'echo x > src/a', 'cp ../.git/x .'])(
    'may do what changes nothing protected: %s',
    (command) => expect(decide(command, true)).toBe(true),
  );
});

it('tools that the policy leaves out are refused', () => {
  const context = { cwd: '/p', root: '/p', scope: undefined, tools: ['Read'] };
  expect(decideToolCall('Grep', {}, context)).toMatchObject({ allow: false });
  expect(decideToolCall('Read', {}, context)).toEqual({ allow: 'default' });
  expect(decideToolCall('StructuredOutput', {}, context)).toEqual({ allow: 'default' });
});

describe('the size of a change', () => {
  const place = () => {
    const cwd = scratch();
    mkdirSync(join(cwd, 'd'));
    writeFileSync(join(cwd, 'd/a'), 'one\ntwo\nthree\ntwo\n');
    return cwd;
  };
  const lines = (tool: string, input: object) =>
    writeSize(tool, { file_path: 'd/a', ...input }, place()).lines;

  it.each<[string, object, number]>([
    ['Write', { content: 'one\ntwo\nthree\ntwo\n' }, 0],
    ['Write', { content: 'one\n2\nthree\ntwo\n' }, 2],
    ['Write', { content: '' }, 4],
    ['Write', { file_path: 'new', content: 'a\nb' }, 2],
    ['Edit', { old_string: 'two', new_string: '2' }, 2],
    ['Edit', { old_string: 'two', new_string: '2', replace_all: true }, 4],
    ['Edit', { old_string: 'one\ntwo', new_string: 'one\ntwo\nmore' }, 1],
    [
      'MultiEdit',
      {
        edits: [
          { old_string: 'one', new_string: '1' },
          { old_string: 'x', new_string: '' },
        ],
      },
      3,
    ],
    ['NotebookEdit', { notebook_path: 'n.ipynb', new_source: 'a\nb\n' }, 2],
  ])('%s %j: %i lines', (tool, input, expected) => expect(lines(tool, input)).toBe(expected));

  it('is of one file, however its path is written', () => {
    const cwd = place();
    const paths = ['d/a', './d/../d/a', join(cwd, 'd/a')].map(
      (file_path) => writeSize('Write', { file_path, content: '' }, cwd).path,
    );
    expect(new Set(paths).size).toBe(1);
  });
});
