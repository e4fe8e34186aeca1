import { expect, test } from 'vitest';
import type { ChangedFile, ChangedFiles } from '../../../src/runs/artifacts/changed-files.ts';
import { checkScope } from '../../../src/runs/changes/check-scope.ts';
import { needsTests, risksOf } from '../../../src/runs/changes/risks.ts';
import { changeSummary, summariseChanges } from '../../../src/runs/changes/summarise.ts';

const file = (path: string, more: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  status: 'modified',
  added: 2,
  deleted: 1,
  binary: false,
  artifact: false,
  area: 'source',
  scope: 'in',
  by: 'tool',
  ...more,
});

const changesWith = (files: ChangedFile[], more: Partial<ChangedFiles> = {}) =>
  ({ files, complete: true, not_captured: [], over_limits: [], ...more }) as ChangedFiles;

test.each([
  ['all in scope', changesWith([file('a')]), 'pass'],
  ['nothing', changesWith([]), 'pass'],
  ['out of scope', changesWith([file('a', { scope: 'out', by: 'shell' })]), 'fail'],
  ['protected', changesWith([file('.git/config', { scope: 'protected', by: 'shell' })]), 'fail'],
  [
    'over a limit',
    changesWith([file('a')], { over_limits: ['2 files changed, max_files is 1'] }),
    'fail',
  ],
  [
    'somebody else, outside',
    changesWith([file('a', { scope: 'out', by: 'unattributed' })]),
    'unknown',
  ],
  ['somebody else, inside', changesWith([file('a', { by: 'unattributed' })]), 'unknown'],
  ['a cache of a tool', changesWith([file('a', { generated: true, by: 'unattributed' })]), 'pass'],
  [
    'a gap',
    changesWith([], { complete: false, not_captured: [{ path: 'x', reason: 'too_many' }] }),
    'unknown',
  ],
] as const)('the scope check: %s', (_name, changes, expected) => {
  const check = checkScope(changes, false);
  expect(check.status).toBe(expected);
  expect(check.reasons.length > 0).toBe(expected !== 'pass');
});

test('a summary is small, however much changed', () => {
  const many = Array.from({ length: 4000 }, (_, index) =>
    file(`src/some/where/deep/in/the/tree/file-${index}.ts`, { scope: 'out', by: 'shell' }),
  );
  const summary = changeSummary.parse(
    summariseChanges(
      changesWith([...many, file('big.ts', { added: 900 }), file('x.log', { area: 'ignored' })]),
    ),
  );
  expect(JSON.stringify(summary).length).toBeLessThan(4000);
  expect(summary.top[0]).toBe('modified big.ts (+900 -1)');
  expect(summary.out_of_scope?.count).toBe(4000);
  expect(summary.areas).toMatchObject({ source: { files: 4001 }, ignored: { files: 1 } });
});

test('what deserves a look of its own', () => {
  const kinds = (path: string, more = {}) => risksOf([file(path, more)]).map(({ kind }) => kind);
  expect(kinds('package-lock.json')).toEqual(['dependencies']);
  expect(kinds('.github/workflows/ci.yml')).toEqual(['ci', 'config']);
  expect(kinds('src/a.test.ts')).toEqual(['tests']);
  expect(kinds('vitest.config.ts')).toContain('tests');
  expect(kinds('db/migrations/001.sql')).toEqual(['migration']);
  expect(kinds('src/auth/login.ts')).toEqual(['security']);
  expect(kinds('src/author.ts')).toEqual([]);
  expect(kinds('Dockerfile')).toEqual(['config']);
  expect(kinds('.git/hooks/x', { area: 'git' })).toEqual(['git']);
  expect(kinds('src/lib.ts', { old_path: 'tests/lib.ts' })).toEqual(['tests']);
  expect(kinds('queries/top.sql')).toEqual(['migration']);
  expect(kinds('deno.lock')).toEqual(['dependencies']);
  expect(kinds('testdata/a.golden')).toEqual(['tests']);
  expect(needsTests([file('requirements.txt')])).toBe(true);
  expect([needsTests([file('src/a.ts')]), needsTests([file('docs/a.md')])]).toEqual([true, false]);
});
