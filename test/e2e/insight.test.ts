import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { compactEvents } from '../../src/runs/compact-events.ts';
import { digestRun } from '../../src/runs/digest-run.ts';
import { replay } from '../../src/runs/supervise/journal.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const call = (name: string, input: Record<string, unknown>) => ({ tools: [{ name, input }] });
const bash = (command: string) => call('Bash', { command, description: 'd' });
const todo = (content: string, status: string) => ({ content, status, activeForm: content });

test('what matters in a real run is flagged, written down and summed up', async () => {
  lab = await Lab.open([]);
  lab.write('package.json', '{"scripts":{"test":"exit 1"}}');
  lab.model.addScript({
    name: 's',
    steps: [
      call('TodoWrite', { todos: [todo('look', 'completed'), todo('repair', 'in_progress')] }),
      ...Array.from({ length: 8 }, (_, at) => call('Grep', { pattern: `x${at}` })),
      call('Read', { file_path: lab.path('README.md') }),
      call('Edit', { file_path: lab.path('README.md'), old_string: 'scratch', new_string: 'nice' }),
      call('Write', { file_path: '/etc/nothing', content: 'x' }),
      bash('git reset --hard'),
      bash('rm -rf build'),
      bash('npm test'),
      { text: 'All tests pass now.' },
    ],
  });
  const run = await lab.ended(
    await lab.launch({
      task: 'Repair it.',
      allowWrite: true,
      scope: { paths: ['**'], commands: ['npm test', 'rm -rf build'] },
    }),
  );
  const { insight } = replay(run.paths.events);
  expect(Object.fromEntries(insight.flags.map(({ code, severity }) => [code, severity]))).toEqual({
    repeated_search: 'medium',
    scope_violation: 'low',
    destructive_command: 'high',
    failing_test: 'medium',
    success_claim_after_failing_test: 'high',
  });
  expect(insight.todos).toEqual([
    { text: 'look', state: 'completed' },
    { text: 'repair', state: 'in_progress' },
  ]);

  const digest = await digestRun(lab.host(), run);
  expect(digest).toMatchObject({
    state: 'succeeded',
    done: ['"look"'],
    remaining: ['"repair"'],
    changed: { count: 1, files: ['README.md'] },
    blocking_ok: false,
    next: { action: 'inspect' },
    found: expect.arrayContaining(['changed README.md', 'tests fail: npm test']),
  });
  expect(Buffer.byteLength(JSON.stringify(digest))).toBeLessThan(2500);

  const files = readdirSync(run.paths.dir);
  for (const name of digest.artifacts) expect(files).toContain(name.replace('/', ''));
  const [checkpoint = ''] = readdirSync(run.paths.checkpoints).slice(-1);
  expect(readFileSync(join(run.paths.checkpoints, checkpoint), 'utf8')).toContain('"repair"');
  // The diff has replaced what was reported while it ran.
  expect(JSON.parse(readFileSync(run.paths.changedFiles, 'utf8'))).toMatchObject({
    files: [{ path: 'README.md', status: 'modified' }],
  });
  expect(compactEvents(run, undefined, 8000)).toContain('Grep ×8: x0, x1, x2, …');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('a list of what there is to do costs a worker no reminders', async () => {
  lab = await Lab.open([]);
  const read = call('Read', { file_path: lab.path('README.md') });
  lab.model.addScript({
    name: 's',
    steps: [
      call('TodoWrite', { todos: [todo('one', 'pending')] }),
      ...Array.from({ length: 24 }, () => read),
      { text: 'Done.' },
    ],
  });
  await lab.ended(await lab.launch({ task: 'Read.' }));
  const last = JSON.stringify(lab.model.requestsFor('s').at(-1)?.body);
  expect(last).toContain('"name":"TodoWrite"');
  expect(last).not.toMatch(/TodoWrite tool hasn't been used/);
  expect(last).not.toContain('"name":"TaskCreate"');
});
