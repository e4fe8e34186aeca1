import { expect, test } from 'vitest';
import { callContext } from '../../src/mcp/call-context.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { connect, dataOf, machine } from './face.ts';
import { storeActiveRun, storeFinishedRun } from './runs.ts';

test.each([
  ['codex-mcp-client', 25],
  ['codex-something', 25],
  ['claude-code', 55],
  ['unknown', 55],
])('%s waits %i s unless it says otherwise', (clientName, seconds) => {
  const context = callContext({
    host: machine().host,
    clientName,
    meta: undefined,
    clientRoot: async () => undefined,
    signal: new AbortController().signal,
    elicit: async () => undefined,
    notifyProgress: () => undefined,
  });
  expect(context.client.waitSeconds).toBe(seconds);
});

test('nothing to wait for ends at once', async () => {
  const place = machine();
  const { id } = await storeFinishedRun(place);
  const { call } = await connect({ host: place.host });
  const result = dataOf(await call('cc_wait_runs', { run_ids: [id], wait_seconds: 240 }));
  expect(result).toMatchObject({ reason: 'all_ended', active: [], changed: [{ run_id: id }] });
});

test('the time is up: still running, with a cursor to go on', async () => {
  const place = machine();
  const { id } = await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  const started = performance.now();
  const result = dataOf(await call('cc_wait_runs', { wait_seconds: 1 }));
  expect(performance.now() - started).toBeGreaterThan(900);
  expect(result).toMatchObject({ reason: 'still_running', active: [id], changed: [] });
});

test('the end of a run ends the wait; the cursor tells it only once', async () => {
  const place = machine();
  const { id, paths, record } = await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  // Named, for on a busy machine it may end before the wait has looked for runs that go on.
  const waiting = call('cc_wait_runs', { run_ids: [id], wait_seconds: 240 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await writeRecord(paths, { ...record, state: 'cancelled' });
  const first = dataOf(await waiting);
  expect(first).toMatchObject({
    reason: 'all_ended',
    changed: [{ run_id: id, state: 'cancelled' }],
  });
  const second = dataOf(await call('cc_wait_runs', { run_ids: [id], cursor: first.cursor }));
  expect(second).toMatchObject({ reason: 'all_ended', changed: [] });
});

test('giving up ends the wait and not the run', async () => {
  const place = machine();
  const { id } = await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  const giveUp = new AbortController();
  const waiting = call('cc_wait_runs', { wait_seconds: 240 }, undefined, giveUp.signal);
  setTimeout(() => giveUp.abort(), 200);
  const started = performance.now();
  await expect(waiting).rejects.toThrow();
  expect(performance.now() - started).toBeLessThan(PATIENCE_MS);
  const after = dataOf(await call('cc_run_status', { run_id: id }));
  expect(after).toMatchObject({ runs: [{ run_id: id, state: 'running' }] });
});

test('a server that shuts down ends every wait', async () => {
  const place = machine();
  await storeActiveRun(place);
  const { call, closing } = await connect({ host: place.host });
  const waiting = call('cc_wait_runs', { wait_seconds: 240 });
  setTimeout(() => closing.abort(), 200);
  expect(dataOf(await waiting)).toMatchObject({ reason: 'still_running' });
});

test('calls are answered while another one waits', async () => {
  const place = machine();
  const { id } = await storeActiveRun(place);
  const { call, closing } = await connect({ host: place.host });
  const waiting = call('cc_wait_runs', { wait_seconds: 240 });
  const meanwhile = await Promise.all(
    Array.from({ length: 20 }, () => call('cc_poll_run', { run_id: id })),
  );
  expect(meanwhile.map((result) => dataOf(result).state)).toEqual(Array(20).fill('running'));
  closing.abort();
  await waiting;
});

test('progress is told to who asked for it, in order and short', async () => {
  const told: { progressToken: string | number; progress: number; message: string }[] = [];
  const context = callContext({
    host: machine().host,
    clientName: 'x',
    meta: { progressToken: 0 },
    clientRoot: async () => undefined,
    signal: new AbortController().signal,
    elicit: async () => undefined,
    notifyProgress: (params) => told.push(params),
  });
  context.progress(`one\u001b[2J\n${'x'.repeat(500)}`);
  context.progress('two');
  expect(told.map(({ progress, progressToken }) => [progressToken, progress])).toEqual([
    [0, 1],
    [0, 2],
  ]);
  expect(told[0]?.message.length).toBeLessThanOrEqual(200);
  expect(told[0]?.message).toMatch(/^one x+…$/);
});
