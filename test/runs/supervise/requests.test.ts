import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createRedactor } from '../../../src/core/redact.ts';
import { Journal } from '../../../src/runs/supervise/journal.ts';
import { RequestDesk } from '../../../src/runs/supervise/requests.ts';
import { submitRequest } from '../../../src/store/inbox.ts';
import { Lease } from '../../../src/store/lease.ts';
import { scratch } from '../../support/scratch.ts';

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
