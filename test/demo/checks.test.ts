import { expect, it } from 'vitest';
import { judgeDemo } from '../../src/demo/checks.ts';
import { exampleDir } from '../../src/demo/examples.ts';
import type { DemoFacts } from '../../src/demo/facts.ts';
import { readRecording } from '../../src/demo/replay.ts';

const { facts } = await readRecording(exampleDir('recorded-run'));
const NOTHING = { processes: [], paths: [] };

function failing(change: (facts: DemoFacts) => void): string[] {
  const spoiled = structuredClone(facts);
  change(spoiled);
  return judgeDemo(spoiled, NOTHING).flatMap(({ name, ok }) => (ok ? [] : [name]));
}

it('is content with the recorded demo', () => {
  expect(failing(() => undefined)).toEqual([]);
});

it.each<[string, string, (facts: DemoFacts) => void]>([
  [
    'a test that passed before',
    'test_failed_before',
    (f) => {
      f.before.exit_code = 0;
    },
  ],
  [
    'tests that could not run',
    'test_failed_before',
    (f) => {
      f.before.failed = 0;
    },
  ],
  [
    'a failed run',
    'run_succeeded',
    (f) => {
      f.run.state = 'failed';
    },
  ],
  [
    'nothing refused',
    'outside_write_refused',
    (f) => {
      f.run.refused = 0;
    },
  ],
  [
    'nothing changed',
    'only_expected_file',
    (f) => {
      f.changed = [];
    },
  ],
  [
    'a changed test',
    'only_expected_file',
    (f) => void f.changed.push({ path: 'test/price.test.js', added: 1, deleted: 1 }),
  ],
  [
    'a test that still fails',
    'test_passes_after',
    (f) => {
      f.after.exit_code = 1;
    },
  ],
  [
    'a test that was removed',
    'test_passes_after',
    (f) => {
      f.after.passed = 1;
    },
  ],
])('is not content with %s', (_reason, check, change) => {
  expect(failing(change)).toEqual([check]);
});

it('is not content when something is left', () => {
  const checks = judgeDemo(facts, { processes: [7], paths: ['/tmp/x'] });
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    { name: 'nothing_left', ok: false, detail: 'process 7, /tmp/x' },
  ]);
});
