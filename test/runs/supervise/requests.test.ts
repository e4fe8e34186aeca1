import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createRedactor } from '../../../src/core/redact.ts';
import { Journal } from '../../../src/runs/supervise/journal.ts';
import { RequestDesk } from '../../../src/runs/supervise/requests.ts';
import { submitRequest } from '../../../src/store/inbox.ts';
import { Lease } from '../../../src/store/lease.ts';
import { journaledRun } from '../../support/journaled-run.ts';
import { scratch } from '../../support/scratch.ts';

it('remembers only the latest requests, and serves none twice', async () => {
  const { journal, open, paths } = journaledRun();
  const served: string[] = [];
  const serve = (desk: RequestDesk) =>
    desk.serve(({ id }) => {
      served.push(id);
      return { ok: true, text: 'done' };
    });
  const desk = new RequestDesk(paths.inbox, journal, systemClock);
  const ask = () =>
    submitRequest(paths.inbox, { kind: 'stop', from: 'test', ttlMs: 60_000 }, systemClock);
  const ids: string[] = [];
  for (let count = 0; count < 300; count += 1) {
    ids.push(await ask());
    if (count % 7 === 0) await serve(desk);
  }
  await serve(desk);
  expect(served).toEqual(ids);
  expect(journal.progress.requests_done).toEqual(ids.slice(-200));
  expect(readdirSync(paths.inbox)).toEqual([]);
  expect(open().progress.requests_done).toEqual(ids.slice(-200));
});

it('of a predecessor is removed before anything else is served, however many follow', async () => {
  const { journal, paths } = journaledRun();
  const served: string[] = [];
  const desk = new RequestDesk(paths.inbox, journal, systemClock);
  const act = ({ id }: { id: string }) => {
    served.push(id);
    return { ok: true, text: 'done' };
  };
  // Served, but the supervisor died before it could remove the file: it is put back here.
  const kept = scratch();
  const id = await submitRequest(
    paths.inbox,
    { kind: 'stop', from: 'test', ttlMs: 60_000 },
    systemClock,
  );
  copyFileSync(join(paths.inbox, `${id}.json`), join(kept, 'request'));
  await desk.serve(act);
  copyFileSync(join(kept, 'request'), join(paths.inbox, `${id}.json`));
  for (let count = 0; count < 250; count += 1) {
    await submitRequest(paths.inbox, { kind: 'x', from: 'test', ttlMs: 60_000 }, systemClock);
  }
  await desk.serve(act);
  await desk.serve(act);
  expect(served).toHaveLength(251);
  expect(new Set(served).size).toBe(251);
});

it('a stop is obeyed also when the clock has jumped; what else is late is refused', async () => {
  const directory = scratch();
  const inbox = join(directory, 'inbox');
  const lease = Lease.tryAcquire(join(directory, 'lease'));
  if (!(lease instanceof Lease)) throw new Error('somebody has it');
  const journal = Journal.open(join(directory, 'events.ndjson'), {
    lease,
    clock: systemClock,
    redact: createRedactor([]),
  });
  for (const kind of ['stop', 'kill', 'narrow']) {
    await submitRequest(inbox, { kind, from: 'test', ttlMs: 60_000 }, systemClock);
  }
  const tomorrow = { ...systemClock, now: () => new Date(Date.now() + 86_400_000) };
  const obeyed: string[] = [];
  await new RequestDesk(inbox, journal, tomorrow).serve(({ kind }) => {
    obeyed.push(kind);
    return { ok: true, text: 'done' };
  });
  expect(obeyed.sort()).toEqual(['kill', 'stop']);
  expect(journal.progress.requests_done).toHaveLength(3);
  expect(readdirSync(inbox)).toEqual([]);
  journal.close();
});
