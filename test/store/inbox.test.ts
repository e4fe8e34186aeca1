import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { toErrorFacts } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import {
  listRequests,
  MAX_PAYLOAD_BYTES,
  removeRequest,
  submitRequest,
} from '../../src/store/inbox.ts';
import { scratch } from '../support/scratch.ts';

const NOW = new Date('2026-11-21T11:09:00.123Z');
const frozenClock = { now: () => NOW, monotonic: () => 0 };
const request = (n: number) => ({ kind: 'steer', from: 'test', payload: { n }, ttlMs: 60_000 });

it('nothing waits where nobody ever asked', async () => {
  expect(await listRequests(join(scratch(), 'inbox'))).toEqual([]);
});

it('gives back what was asked, until it is removed', async () => {
  const inbox = join(scratch(), 'run', 'inbox');
  const id = await submitRequest(inbox, request(1), frozenClock);
  expect(await listRequests(inbox)).toEqual([
    {
      schema_version: 1,
      id,
      kind: 'steer',
      from: 'test',
      time: '2026-11-21T11:09:00.123Z',
      expires: '2026-11-21T11:10:00.123Z',
      payload: { n: 1 },
    },
  ]);
  await removeRequest(inbox, id);
  await removeRequest(inbox, id);
  expect(readdirSync(inbox)).toEqual([]);
});

it('keeps the order of one sender, also within a millisecond', async () => {
  const inbox = scratch();
  for (let n = 0; n < 50; n += 1) await submitRequest(inbox, request(n), frozenClock);
  for (let n = 50; n < 60; n += 1) {
    const later = new Date(NOW.getTime() + n);
    await submitRequest(inbox, request(n), { ...frozenClock, now: () => later });
  }
  const order = (await listRequests(inbox)).map(({ payload }) => payload.n);
  expect(order).toEqual(Array.from({ length: 60 }, (_, n) => n));
});

it('many at once all arrive', async () => {
  const inbox = scratch();
  const ids = await Promise.all(
    Array.from({ length: 40 }, (_, n) => submitRequest(inbox, request(n), systemClock)),
  );
  const listed = (await listRequests(inbox)).map(({ id }) => id);
  expect(listed).toEqual([...ids].sort());
});

it('removes what bears the name of a request and is none', async () => {
  const inbox = scratch();
  const good = await submitRequest(inbox, request(1), systemClock);
  const torn = newId('req', NOW);
  const wrong = newId('req', NOW);
  const other = newId('req', NOW);
  writeFileSync(join(inbox, `${torn}.json`), '{"id": "req_');
  writeFileSync(join(inbox, `${wrong}.json`), '{"a": 1}');
  const stolen = { schema_version: 1, id: good, kind: 'k', from: 'f', time: '', expires: '' };
  writeFileSync(join(inbox, `${other}.json`), JSON.stringify({ ...stolen, payload: {} }));
  expect((await listRequests(inbox)).map(({ id }) => id)).toEqual([good]);
  expect(readdirSync(inbox)).toEqual([`${good}.json`]);
});

it('leaves alone what is not its business', async () => {
  const inbox = scratch();
  const others = ['README', 'note.json', '.x.tmp', 'run_20261121t110900123z_k3v7qa2m.json'];
  for (const name of others) writeFileSync(join(inbox, name), 'x');
  expect(await listRequests(inbox)).toEqual([]);
  expect(readdirSync(inbox).sort()).toEqual([...others].sort());
});

it('one that cannot be read now does not stop the others and is not thrown away', async () => {
  const inbox = scratch();
  const obstacle = `${newId('req', NOW)}.json`;
  mkdirSync(join(inbox, obstacle)); // reading it fails, whoever we are
  const good = await submitRequest(inbox, request(1), systemClock);
  expect((await listRequests(inbox)).map(({ id }) => id)).toEqual([good]);
  expect(readdirSync(inbox)).toContain(obstacle);
});

it('takes 32 KiB and not a byte more', async () => {
  const inbox = scratch();
  const room = MAX_PAYLOAD_BYTES - Buffer.byteLength('{"text":""}');
  const submit = (text: string) =>
    submitRequest(inbox, { kind: 'k', from: 'f', payload: { text }, ttlMs: 1 }, systemClock);
  await submit('x'.repeat(room));
  for (const text of ['x'.repeat(room + 1), 'ä'.repeat(room / 2 + 1)]) {
    const error = await submit(text).catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'BAD_INPUT' });
  }
  expect(readdirSync(inbox)).toHaveLength(1);
});
