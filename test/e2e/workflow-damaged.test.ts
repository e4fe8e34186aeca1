import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { isFinal } from '../../src/core/vocabulary.ts';
import { isAlive } from '../../src/proc/identity.ts';
import { findByCookie, livingCookies } from '../../src/proc/tree.ts';
import { topLease } from '../../src/store/lease.ts';
import { COMMAND_COOKIE } from '../../src/verification/running/command.ts';
import { recoverWorkflows } from '../../src/workflows/instances/recover.ts';
import { handOver, type Persona, writes } from '../support/workflows/actor.ts';
import { inShop } from '../support/workflows/in-shop.ts';

vi.setConfig({ testTimeout: 240_000 });

const shop = inShop();

/** A worker that is busy, beside tests of another one's work that take long. */
const FLOW = `schema_version: 1
id: lost
nodes:
  busy: { role: review, task: Do the busy one. }
  make:
    role: implementation
    task: Do the make.
    allow_write: true
    write_scope: { allow: [out.txt] }
    verify: { test_commands: ["CC_LOST=1 sleep 240"] }
`;

const busy: Persona = () => [
  { ...handOver('review'), hold: { at: 'before_headers', name: 'busy', times: 1 } },
];
const make: Persona = ({ path }) => [
  writes(path('out.txt'), 'hello\n'),
  handOver('implementation', { changed_files: ['out.txt'], commands_run: [] }),
];

test('runs and tests of a workflow whose journal is damaged are ended by a recovery', async () => {
  const { lab, flows } = shop;
  const before = livingCookies(COMMAND_COOKIE);
  const id = await flows.text(FLOW, { busy, make });
  await lab.model.waitForHold('busy', 100_000);
  const tests = await lab.until(
    async () => {
      const all = [...livingCookies(COMMAND_COOKIE)].filter((one) => !before.has(one));
      const ours = all.filter((one) =>
        findByCookie(COMMAND_COOKIE, one).some(({ pid }) => environmentOf(pid).includes(lab.dir)),
      );
      return ours.length > 0 ? ours : undefined;
    },
    'the tests to run',
    100_000,
  );
  const runs = await flows.noteRuns(id);
  expect(runs.some((run) => lab.processes(run).length > 0)).toBe(true);

  const { paths } = await flows.find(id);
  const owner = topLease(paths.lease)?.holder;
  if (owner === undefined) throw new Error('nobody supervises it');
  process.kill(owner.pid, 'SIGKILL');
  await lab.until(async () => !isAlive(owner) || undefined, 'it to die');
  const lines = readFileSync(paths.journal, 'utf8').split('\n');
  writeFileSync(paths.journal, lines.with(2, 'x'.repeat(40)).join('\n'));

  const { signal } = new AbortController();
  const { workflows } = await recoverWorkflows(lab.host(), { signal });
  expect(workflows).toMatchObject([{ workflow_id: id, did: 'broken' }]);
  expect(workflows[0]?.error).toMatch(/ended run_\w+; nothing of it runs any more\.$/);
  for (const run of runs) {
    expect(lab.processes(run)).toEqual([]);
    expect(isFinal((await lab.find(run)).record.state)).toBe(true);
  }
  expect(tests.flatMap((value) => findByCookie(COMMAND_COOKIE, value))).toEqual([]);
  expect(flows.supervisors(id)).toEqual([]);
  // What is looked at after each test comes out of journals.
  flows.ids.length = 0;
});

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
