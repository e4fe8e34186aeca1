import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { hookAnswer } from '../../../src/workers/claude/control.ts';
import { decideToolCall, matchesScope } from '../../../src/workers/claude/guard.ts';
import { scratch } from '../../support/scratch.ts';

/** A project beside a directory that is none of its business, with every kind of link. */
function project(paths: string[] = ['**'], commands: string[] = [], cwd = '') {
  const base = scratch();
  const root = join(base, 'project');
  const outside = join(base, 'outside');
  for (const directory of ['src/deep', 'docs', '.git/hooks', 'lib/.git', '.claude', 'pkg']) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  mkdirSync(outside);
  for (const file of ['src/a.ts', 'docs/a.md', '.git/config', '.mcp.json']) {
    writeFileSync(join(root, file), 'x');
  }
  writeFileSync(join(outside, 'secret'), 'x');
  const links: [string, string][] = [
    ['src/to-docs', join(root, 'docs')],
    ['src/to-file', join(root, 'docs/a.md')],
    ['src/to-git', join(root, '.git')],
    ['src/to-hooks', '../.git/hooks'],
    ['src/out-dir', outside],
    ['src/out-file', join(outside, 'secret')],
    ['src/out-new', join(outside, 'not-yet')],
    ['src/out-new-dir', join(outside, 'not-yet-dir')],
    ['src/nowhere', 'missing'],
    ['src/loop', 'loop'],
    ['src/in', 'deep'],
    ['up', '..'],
  ];
  for (const [name, target] of links) symlinkSync(target, join(root, name));
  const context = { cwd: join(root, cwd), root, scope: { paths, commands } };
  return {
    root,
    outside,
    write: (path: unknown, tool = 'Write') =>
      decideToolCall(
        tool,
        { [tool === 'NotebookEdit' ? 'notebook_path' : 'file_path']: path },
        context,
      ).allow,
    call: (tool: string, input: JsonObject) => decideToolCall(tool, input, context),
  };
}

describe('a read-only task', () => {
  const decide = (tool: string) =>
    decideToolCall(tool, { file_path: '/p/a' }, { cwd: '/p', root: '/p', scope: undefined });

  it.each(['Read', 'Grep', 'Glob', 'LS', 'TodoWrite', 'StructuredOutput'])(
    'leaves %s to the rules of the CLI',
    (tool) => expect(decide(tool)).toEqual({ allow: 'default' }),
  );

  it.each([
    'Write',
    'Edit',
    'MultiEdit',
    'NotebookEdit',
    'Bash',
    'PowerShell',
    'Task',
    'Agent',
    'WebFetch',
    'WebSearch',
    'Skill',
    'ToolSearch',
    'SendMessage',
    'mcp__ctl__write',
    'read',
    'Read ',
    '',
    'constructor',
    '__proto__',
    '\u042fead',
  ])('refuses %j', (tool) => expect(decide(tool)).toMatchObject({ allow: false }));
});

describe('a tool that is neither a reader nor a writer', () => {
  it.each([
    'Task',
    'Agent',
    'WebFetch',
    'mcp__ctl__edit',
    'KillShell',
    'write',
    'Edit2',
    'toString',
  ])('%s is refused in a write task as well', (tool) => {
    const { call } = project(['**'], ['*']);
    expect(call(tool, { file_path: 'src/a.ts', command: '*' })).toMatchObject({ allow: false });
  });

  it('is refused in few words, whatever its name', () => {
    const { call } = project();
    const decision = call(`x\u001b[31m\n${'y'.repeat(1_000_000)}`, {});
    expect(JSON.stringify(hookAnswer('r', decision)).length).toBeLessThan(600);
    expect(JSON.stringify(decision)).not.toMatch(/\\u001b|\\n/);
  });
});

describe('writing', () => {
  it.each([
    'src/a.ts',
    './src/a.ts',
    'src/new.ts',
    'src/deep/new/dir/file.ts',
    'src/.hidden/.env',
    'docs/../src/a.ts',
    'src/in/file.ts',
    'src/to-docs/b.md',
    'src/to-file',
    'src/..a/..b',
    '..still-inside',
    'src/with space.ts',
    'src/\u202eodd.ts',
    'src/back\\slash.ts',
    'gitignore/.gitignore',
    'src/.github/workflow.yml',
    '~tilde.ts',
    '$HOME/x',
  ])('%j is allowed where everything is in scope', (path) => {
    expect(project().write(path)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a space', ' '],
    ['the project itself', '.'],
    ['a parent', '..'],
    ['beside the project', '../outside/new'],
    ['through a directory', 'src/../../outside/new'],
    ['far up', '../../../../../../../../../../etc/passwd'],
    ['absolute', '/etc/passwd'],
    ['a name that only begins the same', '../project-2/a'],
    ['a linked directory outside', 'src/out-dir/new'],
    ['a linked file outside', 'src/out-file'],
    ['a link to what is not there yet', 'src/out-new'],
    ['below a link to what is not there yet', 'src/out-new-dir/a/b'],
    ['a link to nowhere inside', 'src/nowhere'],
    ['a link to itself', 'src/loop'],
    ['below a link to itself', 'src/loop/a'],
    ['the parent by a link', 'up/outside/new'],
    ['git', '.git/config'],
    ['git, new', '.git/hooks/pre-commit'],
    ['git, upper case', '.GIT/config'],
    ['git, mixed case', '.Git/new'],
    ['git, with a dot or a space after it', '.git./config'],
    ['git, with a space after it', '.git /config'],
    ['git by a link', 'src/to-git/config'],
    ['git by a relative link', 'src/to-hooks/pre-commit'],
    ['git in a sub-directory', 'lib/.git/config'],
    ['git in a new sub-directory', 'src/new/.git/config'],
    ['the .git file of a work tree', 'src/.git'],
    ['our own records', '.agent-workspace/claude-code-orchestrator/runs/x'],
    ['settings', '.claude/settings.json'],
    ['settings further down', 'src/.Claude/settings.local.json'],
    ['tool servers', '.mcp.json'],
    ['tool servers further down', 'pkg/.MCP.json'],
    ['NUL', 'src/a\0.ts'],
    ['a newline', 'src/a\nb.ts'],
    ['an escape', 'src/\u001b[31m.ts'],
    ['a home', '~/x'],
    ['a home alone', '~'],
    ['space before an absolute path', ' /etc/passwd'],
    ['space after', 'src/a.ts '],
    ['a no-break space before', '\u00a0/etc/passwd'],
    ['a newline before', '\n/etc/passwd'],
    ['too long', `src/${'a'.repeat(5000)}`],
    ['too deep', 'a/'.repeat(100_000)],
    ['a name too long for any file system', `src/${'a'.repeat(300)}/b`],
  ])('is refused: %s', (_what, path) => {
    const { write } = project();
    for (const tool of ['Write', 'Edit', 'MultiEdit', 'NotebookEdit']) {
      expect(write(path, tool), tool).toBe(false);
    }
  });

  it('is refused where a file stands for a directory', () => {
    expect(project(['docs/**']).write('src/a.ts/b')).toBe(false);
  });

  it.each([undefined, null, 5, true, [], ['src/a.ts'], { path: 'src/a.ts' }])(
    'is refused for the path %j',
    (path) => expect(project().write(path)).toBe(false),
  );

  it('looks at the parameter that the tool uses, and no other', () => {
    const { call, outside } = project();
    const secret = join(outside, 'secret');
    expect(call('NotebookEdit', { notebook_path: 'src/a.ipynb' }).allow).toBe(true);
    expect(call('NotebookEdit', { file_path: 'src/a.ts', notebook_path: secret }).allow).toBe(
      false,
    );
    expect(call('NotebookEdit', { file_path: 'src/a.ts' }).allow).toBe(false);
    expect(call('Write', { notebook_path: 'src/a.ts', file_path: secret }).allow).toBe(false);
    expect(call('Write', { notebook_path: 'src/a.ts' }).allow).toBe(false);
    expect(call('Edit', { path: 'src/a.ts' }).allow).toBe(false);
  });

  it('follows the file, not its name, to decide what is in scope', () => {
    const { write, root } = project(['src/**']);
    expect(write('src/in/file.ts')).toBe(true);
    expect(write('src/to-docs/b.md')).toBe(false);
    expect(write('src/to-file')).toBe(false);
    expect(write(join(root, 'src/a.ts'))).toBe(true);
    expect(write(join(root, 'docs/a.md'))).toBe(false);
  });

  it('does not change a file that has a second name, which could lie anywhere', () => {
    const { write, root, outside } = project(['src/**']);
    linkSync(join(outside, 'secret'), join(root, 'src/hard'));
    expect(write('src/hard')).toBe(false);
  });

  it('in a directory of the project stays inside its globs, which may name a neighbour', () => {
    const inside = project(['**'], [], 'pkg');
    expect(inside.write('a.ts')).toBe(true);
    expect(inside.write('../src/a.ts')).toBe(false);
    expect(inside.write(join(inside.root, 'src/a.ts'))).toBe(false);
    const neighbour = project(['../src/**'], [], 'pkg');
    expect(neighbour.write('../src/b.ts')).toBe(true);
    expect(neighbour.write('a.ts')).toBe(false);
    expect(project(['../../outside/**'], [], 'pkg').write('../../outside/new')).toBe(false);
  });

  it('is answered in few words, however long the path and the scope are', () => {
    const paths = Array.from({ length: 5000 }, (_, at) => `src/${at}/**`);
    const { call } = project(paths);
    const decision = call('Write', { file_path: `docs/${'a/'.repeat(2000)}\u001b[31m` });
    expect(decision.allow).toBe(false);
    expect(JSON.stringify(hookAnswer('r', decision)).length).toBeLessThan(2000);
    expect(JSON.stringify(decision)).not.toContain('u001b');
  });
});

describe('globs', () => {
  it.each<[string[], string, boolean]>([
    [[], 'a', false],
    [[''], 'a', false],
    [['', 'a'], 'a', true],
    [['**'], 'a/b/c', true],
    [['**'], '../a', false],
    [['**'], '.a/.b', true],
    [['*'], 'a', true],
    [['*'], 'a/b', false],
    [['src'], 'src/a', false],
    [['src/**'], 'src/a/b', true],
    [['./src/**'], 'src/a', true],
    [['src/**'], 'srcx/a', false],
    [['src/**'], 'SRC/a', false],
    [['src/*.ts'], 'src/a.ts', true],
    [['src/*.ts'], 'src/a/b.ts', false],
    [['**/*.{ts,md}'], 'x/y.md', true],
    [['src/[ab].ts'], 'src/c.ts', false],
    [['a', 'b'], 'b', true],
    [['/abs/**'], 'abs/a', false],
    // What is taken away stays away, and opens nothing.
    [['**', '!secret/**'], 'secret/a', false],
    [['**', '!secret/**'], 'Secret/a', false],
    [['!secret/**', '**'], 'secret/a', false],
    [['**', '!secret/**'], 'open/a', true],
    [['src/**', '!src/secret/**'], 'docs/a', false],
    [['!secret/**'], 'open/a', false],
    [['!'], 'a', false],
    [['!(secret)/**'], 'open/a', true],
    [['!(secret)/**'], 'secret/a', false],
  ])('%j and %s: %s', (globs, path, wanted) => {
    expect(matchesScope(globs, path)).toBe(wanted);
  });
});

describe('commands', () => {
  const commands = ['npm test', 'npm run lint -- --fix', 'git diff *', 'make && ls'];
  const run = (command: unknown, allowed: string[] = commands) =>
    decideToolCall(
      'Bash',
      { command },
      { cwd: '/p', root: '/p', scope: { paths: ['**'], commands: allowed } },
    ).allow;

  it.each([
    'npm test',
    '  npm test\n',
    '\tnpm test',
    'npm run lint -- --fix',
    'git diff src/a.ts',
    'git diff \'a b\' "c"',
    'git diff --stat HEAD^ -- a=b',
    'git diff \uff1b rm',
    'make && ls',
    'git diff *',
    'git diff',
  ])('%j is allowed', (command) => expect(run(command)).toBe(true));

  it.each([
    '',
    ' ',
    'npm',
    'npm  test',
    'npm testing',
    'npm test x',
    'npm test; ls',
    'NPM TEST',
    'n\u0440m test',
    '\u00a0npm test',
    '\ufeffnpm test',
    'npm test\u00a0',
    'npm test\r',
    'FOO=1 npm test',
    'env npm test',
    '/usr/bin/npm test',
    './npm test',
    'cd x && npm test',
    '(npm test)',
    '! npm test',
    'git  diff a',
    'git difftool a',
    'git diffa',
    'git -c a=b diff c',
    'GIT_EXTERNAL_DIFF=x git diff a',
    'make && ls; rm',
  ])('%j is refused', (command) => expect(run(command)).toBe(false));

  it.each([...';&|<>`$(){}\\!*?[]~#\n\r\0\u001b\u007f'])(
    'nothing can be added to an allowed prefix with %j',
    (character) => {
      for (const tail of [
        `a${character}b`,
        `${character} b`,
        `"${character}b"`,
        `'a${character}'`,
      ]) {
        expect(run(`git diff ${tail}`), tail).toBe(false);
      }
    },
  );

  it.each([undefined, null, 5, [], ['npm test'], { toString: 'npm test' }])(
    'that is %j is refused',
    (command) => expect(run(command)).toBe(false),
  );

  it('without any allowed one says that there is no shell', () => {
    const decision = project().call('Bash', { command: 'ls' });
    expect(decision).toMatchObject({ allow: false });
    expect(JSON.stringify(decision)).toContain('No shell command is allowed');
  });

  it('cannot be opened by an odd pattern', () => {
    for (const pattern of ['', ' ', '*', ' *', '  *', 'npm*']) {
      for (const command of ['rm -rf /', 'npm test', 'npmx', ' rm']) {
        expect(run(command, [pattern]), `${pattern}|${command}`).toBe(false);
      }
    }
  });
});
