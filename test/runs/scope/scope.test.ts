import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CcError } from '../../../src/core/errors.ts';
import type { Sandbox } from '../../../src/proc/sandbox.ts';
import { pathsToMake } from '../../../src/runs/scope/made-paths.ts';
import { scopesOverlap } from '../../../src/runs/scope/overlap.ts';
import { permittedTools } from '../../../src/runs/scope/permissions.ts';
import { postureNote, postureOf } from '../../../src/runs/scope/posture.ts';
import { protectedIn } from '../../../src/runs/scope/protected-in.ts';
import { reachOf } from '../../../src/runs/scope/reach.ts';
import { planScope, type ScopeRequest } from '../../../src/runs/scope/request.ts';
import { parsePolicy } from '../../../src/workspace/policy.ts';
import { scratch } from '../../support/scratch.ts';

function project() {
  const root = scratch();
  for (const name of ['src/gen', 'docs', 'pkg/a/.claude', '.git', 'node_modules/x/.git']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  for (const name of ['src/a.ts', 'README.md', 'pkg/a/b.lock'])
    writeFileSync(join(root, name), 'x');
  symlinkSync('docs', join(root, 'linked'));
  return { root, at: (name: string) => join(root, name) };
}

const BWRAP: Sandbox = { kind: 'bubblewrap', file: '/usr/bin/bwrap', flags: [] };
const NONE: Sandbox = { kind: 'none', why: 'there is none' };

async function planned(scope: ScopeRequest | undefined, policy = '', sandbox: Sandbox = BWRAP) {
  const { root } = project();
  const rules = {
    role: 'implementation',
    policy: await parsePolicy(policy, 'p'),
    sandbox,
  } as const;
  return planScope({ allowWrite: true, scope }, { cwd: root, root }, rules);
}

async function refusal(...args: Parameters<typeof planned>): Promise<CcError> {
  const error = await planned(...args).catch((reason: unknown) => reason);
  if (!(error instanceof CcError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  expect(error.hint).not.toBe('');
  return error;
}

describe('a scope', () => {
  it('must be named by who wants to write, also where it is empty', async () => {
    expect((await refusal(undefined)).message).toContain('needs scope.paths');
    expect((await refusal({ commands: ['npm test'] })).hint).toContain('"paths"');
    expect(await planned({ paths: [] })).toEqual({ paths: [], commands: [] });
  });

  it('means the content of a directory that it names, and keeps its limits', async () => {
    const scope = {
      paths: ['src', './docs/', '!src/gen', 'README.md'],
      max_files: 2,
      max_lines: 9,
    };
    expect(await planned(scope)).toEqual({
      paths: ['src/**', 'docs/**', '!src/gen/**', 'README.md'],
      commands: [],
      max_files: 2,
      max_lines: 9,
    });
  });

  it.each(['/etc/**', '../**', '~/x', '', '!', 'a\nb', 'src/../../x', 'C:\\x'])(
    'may not be %j',
    async (glob) => expect((await refusal({ paths: [glob] })).code).toBe('BAD_INPUT'),
  );

  it('allows any command only where a sandbox holds it', async () => {
    expect(await planned({ paths: [], commands: [' * ', '!rm *'] })).toMatchObject({
      commands: ['*', '!rm *'],
    });
    const error = await refusal({ paths: [], commands: ['*'] }, '', NONE);
    expect([error.code, error.message]).toEqual([
      'NOT_ALLOWED',
      expect.stringContaining('there is none'),
    ]);
    expect(error.hint).toContain('bubblewrap');
  });
});

describe('the permissions of a role', () => {
  const policy = `permissions: {implementation: {paths: ["src/**", "*.md", "!src/gen/**"], commands: ["npm *", "!npm publish"]}}`;

  it('take away from what is asked for', async () => {
    const scope = { paths: ['src/a/**', 'README.md'], commands: ['npm test', 'npm run *'] };
    expect(await planned(scope, policy)).toEqual({
      paths: ['src/a/**', 'README.md', '!src/gen/**'],
      commands: ['npm test', 'npm run *', '!npm publish'],
    });
  });

  it.each<[string, ScopeRequest]>([
    ['permissions.implementation.paths', { paths: ['**'] }],
    ['permissions.implementation.paths', { paths: ['docs/**'] }],
    ['permissions.implementation.paths', { paths: ['src2/**'] }],
    ['permissions.implementation.paths', { paths: ['**/*.md'] }],
    ['permissions.implementation.commands', { paths: [], commands: ['make'] }],
    ['permissions.implementation.commands', { paths: [], commands: ['*'] }],
    ['permissions.implementation.commands', { paths: [], commands: ['npm x; rm *'] }],
  ])('are named where more is asked for: %s %j', async (line, scope) => {
    const error = await refusal(scope, policy);
    expect([error.code, error.message]).toEqual(['NOT_ALLOWED', expect.stringContaining(line)]);
  });

  it('leave tools out', () => {
    const scope = { paths: ['**'], commands: [] };
    expect(permittedTools('testing', undefined, scope)).toBeUndefined();
    expect(permittedTools('testing', { tools: ['!Bash'] }, scope)).not.toContain('Bash');
    expect(permittedTools('testing', { tools: ['Read', 'Edit'] }, scope)).toEqual(['Read', 'Edit']);
    expect(() => permittedTools('testing', { tools: ['Read'] }, scope)).toThrow(
      'permissions.testing.tools',
    );
    expect(permittedTools('testing', { tools: ['Read', 'Bash'] }, null)).toEqual(['Read']);
  });
});

describe('what globs can reach', () => {
  const reach = (paths: string[], where = project()) => {
    const { root } = where;
    const found = reachOf(paths, { cwd: root, root, protectedPaths: ['infra/**'] });
    const short = (list: string[]) => list.map((path) => path.slice(root.length + 1));
    return {
      writable: short(found.writable),
      files: short(found.files),
      readOnly: short(found.readOnly),
      missing: short(found.missing),
      coarse: short(found.coarse),
    };
  };
  const nothing = { writable: [], files: [], readOnly: [], missing: [], coarse: [] };

  it.each<[string[], object]>([
    [['src/**'], { writable: ['src'] }],
    [['**'], { writable: [''] }],
    [['**', 'src/*.ts'], { writable: [''] }],
    [['src/*.ts'], { writable: ['src'], coarse: ['src'] }],
    [['src/a.ts'], { files: ['src/a.ts'], coarse: ['src'] }],
    [['src/**', '!src/gen/**'], { writable: ['src'], readOnly: ['src/gen'] }],
    [['src/**', '!src/*.lock'], { writable: ['src'], coarse: ['src'] }],
    [['new/deep/**'], { writable: ['new/deep'], missing: ['new', 'new/deep'] }],
    [['new/a.ts'], { files: ['new/a.ts'], missing: ['new'], coarse: ['new'] }],
    [['b.txt'], { files: ['b.txt'], coarse: [''] }],
    [['{src,docs}/**'], { writable: ['src', 'docs'] }],
    [['{src,docs}/*.{md,ts}'], { writable: ['src', 'docs'], coarse: ['src', 'docs'] }],
    [['s{r{c,d},x}/**'], { writable: [''], coarse: [''] }],
    [['linked/**'], {}],
    [['../x/**'], {}],
    [['.git/**'], {}],
    [['infra/a/**'], {}],
  ])('%j', (paths, expected) => expect(reach(paths)).toEqual({ ...nothing, ...expected }));

  it('is looked through for what is protected, but not for what others published', () => {
    const { root, at } = project();
    expect(protectedIn(root, root, ['**/*.lock']).sort()).toEqual(
      [at('.git'), at('pkg/a/.claude'), at('pkg/a/b.lock')].sort(),
    );
  });

  it('is made where it is missing, and so is what nobody may create at the top', () => {
    const { root } = project();
    const place = { cwd: root, root };
    const whole = reachOf(['**'], { ...place, protectedPaths: [] });
    expect(pathsToMake(whole, place, true)).toEqual(['.claude/', '.mcp.json']);
    expect(pathsToMake(whole, place, false)).toEqual([]);
    const deep = reachOf(['new/deep/**'], { ...place, protectedPaths: [] });
    expect(pathsToMake(deep, place, true)).toEqual(['new/', 'new/deep/']);
  });
});

describe('two scopes', () => {
  const overlap = (a: string[], b: string[], cwd = '/p') =>
    scopesOverlap({ cwd: '/p', paths: a }, { cwd, paths: b });

  it.each<[string[], string[], boolean]>([
    [['src/**'], ['docs/**'], false],
    [['src/**'], ['src/**'], true],
    [['**'], ['docs/a.md'], true],
    [['src/**'], ['src2/**'], false],
    [['src/a/**'], ['src/**'], true],
    [['src/*.ts'], ['src/*.md'], true],
    [['src/*.ts'], ['src/a.md'], false],
    [['src/**', '!src/a.ts'], ['src/a.ts'], false],
    [['a.ts'], ['a.ts'], true],
    [['a.ts'], ['b.ts'], false],
    [['{src,docs}/**'], ['lib/**'], false],
    [['{src,lib}/**'], ['lib/a.ts'], true],
    [['s{r{c,d},x}/**'], ['lib/**'], true],
    [[], ['**'], false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect([overlap(a, b), overlap(b, a)]).toEqual([expected, expected]);
  });

  it('are compared where their workers are', () => {
    expect(overlap(['src/**'], ['**'], '/p/src/x')).toBe(true);
    expect(overlap(['docs/**'], ['docs/**'], '/p/pkg')).toBe(false);
    expect(overlap(['pkg/docs/**'], ['docs/**'], '/p/pkg')).toBe(true);
  });
});

describe('a posture', () => {
  const facts = { reach: reachOf([], { cwd: '/', root: '/', protectedPaths: [] }), root: '/p' };
  const of = (commands: string[], sandbox: Sandbox, more = {}) =>
    postureOf({
      scope: { paths: [], commands },
      sandbox,
      ...facts,
      opened: [],
      officialLogin: false,
      ...more,
    });

  it('says what it does not see, and briefly only where something can get out', () => {
    expect(of([], BWRAP)).toEqual({ sandbox: 'bubblewrap', shell: 'none', blind: [] });
    expect(of(['*'], BWRAP)).toMatchObject({ shell: 'any' });
    expect(of(['npm test', '!x'], NONE)).toMatchObject({
      sandbox: 'none',
      why_none: 'there is none',
      shell: 'listed',
    });
    expect(of(['*'], BWRAP, { officialLogin: true }).blind.join()).toContain('~/.claude');
    expect(postureNote(of(['npm test'], NONE))).toContain('there is none');
    expect(postureNote(of([], NONE))).toBeUndefined();
    expect(postureNote(of(['*'], BWRAP))).toBeUndefined();
  });
});
