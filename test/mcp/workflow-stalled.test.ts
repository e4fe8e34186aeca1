import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killProcess } from '../../src/proc/terminate.ts';
import { fillDisk } from '../support/fill-disk.ts';
import { buildSupervisors, FlowLab } from '../support/flow-lab.ts';
import { makeReadOnly, smallDisk } from '../support/scratch.ts';
import { connect, dataOf } from './face.ts';

const supervisor = await buildSupervisors();
const FLOW = 'nodes: { a: { role: ops, task: A. }, b: { role: ops, task: B., needs: a } }';

test.each([
  [
    'is full',
    async (disk: string) => fillDisk(join(disk, 'filler')),
    (disk: string) => rmSync(join(disk, 'filler')),
    /^It cannot write down what happens: only \d+ KiB are free on the disk of \//,
  ],
  [
    'became read-only',
    async (disk: string, lab: FlowLab, id: string) => {
      const owner = await lab.until(() => lab.supervisor(id), 'an owner');
      await killProcess(owner);
      // It is refused until the system has closed its journal.
      const isDone = async () => {
        makeReadOnly(disk);
        return true;
      };
      await lab.until(() => isDone().catch(() => undefined), 'it to become read-only');
    },
    (disk: string) => execFileSync('mount', ['-o', 'remount,rw', disk]),
    /^Its supervisor ended: STORAGE_READ_ONLY: EROFS/,
  ],
])('a status says why nothing happens on a disk that %s', async (_, harm, mend, reason) => {
  const disk = smallDisk(8 << 10);
  if (disk === undefined) return;
  const lab = new FlowLab(supervisor, { project: join(disk, 'project') });
  try {
    const face = await connect({ host: lab.host, client: 'tester' });
    const status = async () =>
      dataOf(await face.call('cc_workflow_status', { cwd: lab.project, workflow_id: id }));
    const id = await lab.launch(FLOW, { mockMs: 2500 });
    await lab.until(
      async () => ((await lab.now(id)).instance.live > 0 ? true : undefined),
      'a to run',
    );
    expect(await status()).not.toHaveProperty('stalled');
    await harm(disk, lab, id);
    const told = await lab.until(async () => {
      const { stalled } = await status();
      const isGone = lab.supervisors(id).length === 0;
      return isGone && typeof stalled === 'string' ? stalled : undefined;
    }, 'it to stand still');
    expect(told).toMatch(reason);
    mend(disk);
    await lab.until(
      async () => ((await status()).state === 'succeeded' ? true : undefined),
      'it to go on',
    );
    await lab.over(id);
    expect(await status()).not.toHaveProperty('stalled');
  } finally {
    expect(await lab.close()).toEqual([]);
  }
});
