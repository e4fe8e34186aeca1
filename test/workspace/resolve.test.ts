import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { type PlaceHints, resolvePlace } from '../../src/workspace/resolve.ts';
import { scratch } from '../support/scratch.ts';

/** Empty directories `home` and those named, below one scratch directory. */
function directories(...names: string[]) {
  const base = scratch();
  const at = (name: string) => join(base, name);
  for (const name of ['home', 'process', ...names]) mkdirSync(at(name), { recursive: true });
  const hints = (more: Partial<PlaceHints> = {}): PlaceHints => ({
    env: { HOME: at('home'), ...more.env },
    processCwd: at('process'),
    ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== 'env')),
  });
  return { at, hints };
}

function factsOf(hints: PlaceHints) {
  try {
    resolvePlace(hints);
  } catch (error) {
    return toErrorFacts(error);
  }
  throw new Error('nothing was thrown');
}

describe('which directory', () => {
  it('takes them in the order of the design', () => {
    const { at, hints } = directories('argument', 'metadata', 'project', 'root');
    const all = {
      cwd: at('argument'),
      callMetadata: at('metadata'),
      env: { CLAUDE_PROJECT_DIR: at('project') },
      clientRoot: at('root'),
    };
    const found = (more: Partial<PlaceHints>) => {
      const { source, cwd } = resolvePlace(hints(more));
      return [source, cwd];
    };
    expect(found(all)).toEqual(['argument', at('argument')]);
    expect(found({ ...all, cwd: undefined })).toEqual(['call_metadata', at('metadata')]);
    expect(found({ ...all, cwd: '', callMetadata: '' })).toEqual([
      'claude_project_dir',
      at('project'),
    ]);
    expect(found({ clientRoot: all.clientRoot })).toEqual(['roots', at('root')]);
    expect(found({})).toEqual(['process', at('process')]);
  });

  it('a relative argument is meant from where the client works', () => {
    const { at, hints } = directories('project/packages/a', 'process/packages/a');
    const cwd = 'packages/a';
    const withMetadata = hints({ cwd, callMetadata: at('project') });
    expect(resolvePlace(withMetadata).cwd).toBe(at('project/packages/a'));
    expect(resolvePlace(hints({ cwd })).cwd).toBe(at('process/packages/a'));
    const inPlugin = hints({ cwd: '.', env: { PLUGIN_ROOT: at('process') } });
    expect(factsOf(inPlugin).code).toBe('NO_WORKSPACE');
  });

  it('resolves symbolic links', () => {
    const { at, hints } = directories('project');
    symlinkSync(at('project'), at('link'));
    expect(resolvePlace(hints({ cwd: at('link') })).cwd).toBe(at('project'));
  });

  it.each([['.claude/plugins/cache/x/1.0'], ['.codex/plugins/x'], ['.claude/plugins']])(
    'refuses to take %s for a project',
    (name) => {
      const { at, hints } = directories(name);
      const inside = { ...hints(), processCwd: at(name) };
      expect(factsOf(inside)).toMatchObject({ code: 'NO_WORKSPACE' });
      expect(resolvePlace({ ...inside, cwd: at('home') }).source).toBe('argument');
    },
  );

  it.each([['PLUGIN_ROOT'], ['CLAUDE_PLUGIN_ROOT']])('refuses what lies in %s', (name) => {
    const { at, hints } = directories('plugin/dist', 'plugin-of-mine');
    symlinkSync(at('plugin'), at('plugin-link'));
    for (const root of [at('plugin'), `${at('plugin')}/`, at('plugin-link')]) {
      for (const processCwd of [at('plugin'), at('plugin/dist')]) {
        const facts = factsOf({ ...hints({ env: { [name]: root } }), processCwd });
        expect(facts.code).toBe('NO_WORKSPACE');
      }
      const beside = { ...hints({ env: { [name]: root } }), processCwd: at('plugin-of-mine') };
      expect(resolvePlace(beside).cwd).toBe(at('plugin-of-mine'));
    }
  });

  it.each([
    ['missing', (at: (name: string) => string) => at('none')],
    ['a file', (at: (name: string) => string) => at('file')],
    ['below a file', (at: (name: string) => string) => join(at('file'), 'x')],
    ['a loop', (at: (name: string) => string) => at('loop')],
    ['too long', () => `/${'x'.repeat(5000)}`],
    ['an unexpanded ~', () => '~/project'],
  ])('%s is NOT_A_DIRECTORY', (_, path) => {
    const { at, hints } = directories();
    writeFileSync(at('file'), '');
    symlinkSync(at('loop'), at('loop'));
    const facts = factsOf(hints({ cwd: path(at) }));
    expect(facts.code).toBe('NOT_A_DIRECTORY');
    expect(facts.message).toContain('argument');
    expect(facts.message.length).toBeLessThan(500);
  });

  it('a NUL character is BAD_INPUT', () => {
    const { at, hints } = directories();
    expect(factsOf(hints({ cwd: `${at('home')}\0/etc` })).code).toBe('BAD_INPUT');
  });
});

describe('which workspace', () => {
  it('belongs to the top of the git work tree', () => {
    const { at, hints } = directories('project/.git', 'project/src/deep');
    const { cwd, workspace } = resolvePlace(hints({ cwd: at('project/src/deep') }));
    expect(cwd).toBe(at('project/src/deep'));
    expect(workspace).toEqual({
      root: at('project'),
      base: at('project/.agent-workspace/claude-code-orchestrator'),
    });
  });

  it('belongs to a worktree or submodule, whose .git is a file', () => {
    const { at, hints } = directories('project/.git', 'project/sub/src');
    writeFileSync(at('project/sub/.git'), 'gitdir: ../.git/modules/sub');
    expect(resolvePlace(hints({ cwd: at('project/sub/src') })).workspace.root).toBe(
      at('project/sub'),
    );
  });

  it('belongs to the nearest directory that has one already', () => {
    const { at, hints } = directories(
      'a/.git',
      'a/b/.agent-workspace/claude-code-orchestrator',
      'a/b/c',
      'a/b/d/.agent-workspace',
    );
    expect(resolvePlace(hints({ cwd: at('a/b/c') })).workspace.root).toBe(at('a/b'));
    expect(resolvePlace(hints({ cwd: at('a/b/d') })).workspace.root).toBe(at('a/b'));
  });

  it('belongs to the directory itself where nothing above speaks', () => {
    const { at, hints } = directories('alone/deep');
    expect(resolvePlace(hints({ cwd: at('alone/deep') })).workspace.root).toBe(at('alone/deep'));
    expect(resolvePlace(hints({ cwd: '/' })).workspace.root).toBe('/');
  });

  it('a dotfiles repository in the home does not swallow the projects in it', () => {
    const { at, hints } = directories('home/.git', 'home/work/project/.git', 'home/work/loose');
    const rootOf = (cwd: string, env = {}) => resolvePlace(hints({ cwd, env })).workspace.root;
    expect(rootOf(at('home/work/loose'))).toBe(at('home/work/loose'));
    expect(rootOf(at('home/work/project'))).toBe(at('home/work/project'));
    expect(rootOf(at('home'))).toBe(at('home'));
    symlinkSync(at('home'), at('home-link'));
    for (const HOME of [at('home-link'), `${at('home')}/`]) {
      expect(rootOf(at('home/work/loose'), { HOME })).toBe(at('home/work/loose'));
    }
  });

  it('directories above that may not be looked into are passed over', (context) => {
    if (process.getuid?.() === 0) {
      console.log('skipped: root may look into every directory');
      return context.skip();
    }
    const { at, hints } = directories('closed/project');
    chmodSync(at('closed'), 0o300);
    expect(resolvePlace(hints({ cwd: at('closed/project') })).workspace.root).toBe(
      at('closed/project'),
    );
    chmodSync(at('closed'), 0o700);
  });
});
