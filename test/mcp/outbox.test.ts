import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isoTime, systemClock } from '../../src/core/clock.ts';
import { newId } from '../../src/core/ids.ts';
import { type Controller, leaveNote, markTold, notesOf } from '../../src/runs/outbox.ts';
import { type RunRecord, writeRecord } from '../../src/runs/record.ts';
import { NO_INSIGHT } from '../../src/runs/summarise.ts';
import { writeJsonAtomic } from '../../src/store/atomic.ts';
import { startProgram } from '../support/processes.ts';
import { connect, dataOf, errorOf, type Machine, machine } from './face.ts';
import { type StoredRun, storeActiveRun, storeFinishedRun } from './runs.ts';
import { ServerProcess } from './server-process.ts';

const A = { threadId: 'thread-a' };
const B = { threadId: 'thread-b' };

/** A run that goes on, as if this controller had launched it. */
async function launched(place: Machine, thread: { threadId?: string } = {}): Promise<StoredRun> {
  const run = await storeActiveRun(place);
  await leaveNote(place.host, who(place, thread), run.record);
  return run;
}

function who(place: Machine, thread: { threadId?: string }): Controller {
  return { ...thread, workspace: place.project };
}

async function end({ paths, record }: StoredRun, state: RunRecord['state'] = 'succeeded') {
  await writeRecord(paths, { ...record, state, ended: isoTime(systemClock.now()) });
}

async function attention(run: StoredRun, ...flags: string[]): Promise<void> {
  const mark = 2 ** flags.length - 1; // a bit for each kind
  const insight = { ...NO_INSIGHT, mark };
  const summary = JSON.parse(readFileSync(run.paths.summary, 'utf8'));
  await writeJsonAtomic(run.paths.summary, { ...summary, attention: flags, insight });
}

/** The worker asks something, as its supervisor would tell it. */
async function storeQuestion(run: StoredRun): Promise<void> {
  const question = {
    number: 1,
    kind: 'question',
    text: 'Which one?',
    asked: '2026-11-21T11:09:09Z',
  };
  const summary = JSON.parse(readFileSync(run.paths.summary, 'utf8'));
  await writeJsonAtomic(run.paths.summary, { ...summary, questions: [question] });
}

/** A controller: its calls of cc_wait_runs, each answered with what it tells. */
async function controller(place: Machine, thread: { threadId?: string } = {}) {
  const { call } = await connect({ host: place.host });
  return async (args: Record<string, unknown> = {}) => {
    const result = await call('cc_wait_runs', { wait_seconds: 0, ...args }, thread);
    if (result.isError) return { error: errorOf(result).code, ids: [], cursor: '' };
    const data = dataOf(result) as { changed: { run_id: string }[]; cursor: string };
    return { ...data, error: undefined, ids: data.changed.map((view) => view.run_id) };
  };
}

test('what ended while nobody waited is told, again and again, until a cursor says that it arrived', async () => {
  const place = machine();
  const run = await launched(place);
  await end(run);
  const wait = await controller(place);
  const first = await wait();
  expect(first).toMatchObject({ reason: 'all_ended', ids: [run.id], active: [] });
  // The answer was lost: the controller asks as it did before.
  expect((await wait()).ids).toEqual([run.id]);
  const acknowledged = await wait({ cursor: first.cursor });
  expect(acknowledged).toMatchObject({ reason: 'all_ended', ids: [], cursor: '' });
  expect(await wait()).toMatchObject({ error: 'NOT_FOUND' });
  expect(readdirSync(place.host.home.outbox)).toEqual([]);
});

test('a launch leaves a note for its thread, and so does one that only finds the same run', async () => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  const start = (thread: Record<string, unknown>) =>
    call('cc_run_streaming_agent', { task: 'Look.', idempotency_key: 'once' }, thread);
  const { run_id } = dataOf(await start(A));
  expect(dataOf(await start(B))).toMatchObject({ run_id, existing: true });
  for (const thread of [A, B]) {
    const [note, ...more] = await notesOf(place.host, who(place, thread));
    expect(note).toMatchObject({ run_id, workspace: place.project });
    expect(more).toEqual([]);
  }
  expect(await notesOf(place.host, who(place, {}))).toEqual([]);
});

test('an ending is for the thread that launched the run, wherever that thread is now', async () => {
  const place = machine();
  const other = machine({ home: place.host.home });
  const mine = await launched(place, A);
  const elsewhere = await launched(other, A);
  for (const run of [mine, elsewhere]) await end(run);
  expect(await (await controller(place, B))()).toMatchObject({ error: 'NOT_FOUND' });
  expect(await (await controller(place))()).toMatchObject({ error: 'NOT_FOUND' });
  const wait = await controller(place, A);
  const { ids, cursor } = await wait();
  expect(ids.sort()).toEqual([mine.id, elsewhere.id].sort());
  // Somebody else's cursor takes nothing away from it.
  await (await controller(place, B))({ cursor });
  expect((await wait()).ids).toHaveLength(2);
  expect((await wait({ cursor })).ids).toEqual([]);
});

test("another controller's run that ends between two calls is told, because the cursor knows it", async () => {
  const place = machine();
  const run = await launched(place, A);
  const wait = await controller(place, B);
  const before = await wait();
  expect(before).toMatchObject({ reason: 'still_running', ids: [], active: [run.id] });
  await end(run);
  expect((await wait({ cursor: before.cursor })).ids).toEqual([run.id]);
});

test('a run that only the cursor knows survives a call that names others', async () => {
  const place = machine();
  const [one, two] = [await launched(place, A), await launched(place, A)];
  const wait = await controller(place, B);
  const first = await wait();
  const second = await wait({ run_ids: [two.id], cursor: first.cursor });
  await end(one);
  expect((await wait({ cursor: second.cursor })).ids).toEqual([one.id]);
});

test('what needs attention is told once; a counter that grows does not end a wait', async () => {
  const place = machine();
  const run = await launched(place);
  const wait = await controller(place);
  const start = await wait();
  await attention(run, '1 tool call refused');
  const first = await wait({ cursor: start.cursor, wait_seconds: 60 });
  expect(first).toMatchObject({ reason: 'change', ids: [run.id] });
  expect((await wait({ cursor: first.cursor })).ids).toEqual([]);
  await attention(run, '2 tool calls refused');
  const started = performance.now();
  const grown = await wait({ cursor: first.cursor, wait_seconds: 2 });
  expect(performance.now() - started).toBeGreaterThan(1500);
  expect(grown.ids).toEqual([run.id]);
  await attention(run, '2 tool calls refused', 'something new');
  const more = await wait({ cursor: grown.cursor, wait_seconds: 60 });
  expect(more.ids).toEqual([run.id]);
});

test('a run that waits for an answer ends every wait', async () => {
  const place = machine();
  const run = await launched(place);
  const wait = await controller(place);
  const waiting = wait({ until: 'all', wait_seconds: 60 });
  await storeQuestion(run);
  const { ids, cursor } = await waiting;
  expect(ids).toEqual([run.id]);
  expect((await wait({ until: 'all', cursor })).ids).toEqual([]);
});

test('a run that was resumed is told of once more', async () => {
  const place = machine();
  const run = await launched(place);
  await end(run);
  const wait = await controller(place);
  const { cursor } = await wait();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await end(run);
  // The cursor speaks of the earlier ending, so it acknowledges nothing.
  const again = await wait({ cursor });
  expect(again.ids).toEqual([run.id]);
  expect((await wait({ cursor: again.cursor })).ids).toEqual([]);
});

test('64 runs that end at once are all told, in answers that stay small', async () => {
  const place = machine();
  const runs: StoredRun[] = [];
  for (let count = 0; count < 64; count += 1) runs.push(await launched(place, A));
  const wait = await controller(place, A);
  let { cursor, ...all } = await wait();
  expect(all).toMatchObject({ reason: 'still_running', active_omitted: 44 });
  expect(cursor.length).toBeLessThan(1500);
  const failure = { class: 'crashed', source: 'process', evidence: ['x'.repeat(400)] } as const;
  for (const { paths, record } of runs) {
    await writeRecord(paths, {
      ...record,
      title: 'A rather long title of a task that somebody gave to a worker, really long',
      state: 'failed',
      ended: isoTime(systemClock.now()),
      outcome: {
        state: 'failed',
        failure: { ...failure, evidence: [...failure.evidence], retryable: true },
        exit_code: 1,
        signal: null,
        denials: 0,
        left_processes: [],
        usage: {
          tokens: { input: 1, output: 1, cache_read: 0, cache_write: 0 },
          by_model: {},
          usd: 0.0123,
          usd_source: 'profile',
          complete: false,
        },
        changed_files: null,
      },
    });
  }
  const told: string[] = [];
  for (let calls = 1; ; calls += 1) {
    const answer = await wait({ cursor, wait_seconds: 60 });
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(8000);
    expect(answer).not.toHaveProperty('truncated');
    told.push(...answer.ids);
    cursor = answer.cursor;
    if (told.length >= 64) {
      expect(answer).toMatchObject({ reason: 'all_ended' });
      expect(calls).toBeLessThanOrEqual(4);
      break;
    }
    expect(answer).toMatchObject({ reason: 'change', more: true });
  }
  expect(told.sort()).toEqual(runs.map(({ id }) => id).sort());
  expect(await wait({ cursor })).toMatchObject({ ids: [], cursor: '' });
});

test('what cc_run_agent has answered is told once more and not waited for', async () => {
  const place = machine();
  const [answered, other] = [await launched(place), await launched(place)];
  await end(answered);
  await markTold(place.host, who(place, {}), answered.id, 'run');
  const wait = await controller(place);
  const started = performance.now();
  const { ids, cursor } = await wait({ wait_seconds: 1 });
  expect(performance.now() - started).toBeGreaterThan(900);
  expect(ids).toEqual([answered.id]);
  await end(other);
  expect((await wait({ cursor })).ids).toEqual([other.id]);
});

test('notes of runs that never came to be are removed, of runs that come up they stay', async () => {
  const place = machine();
  const box = place.host.home.outbox;
  const never = newId('run', new Date());
  const named = { run_id: never, workspace: place.project };
  await leaveNote(place.host, who(place, {}), named);
  const wait = await controller(place);
  expect(await wait()).toMatchObject({ error: 'NOT_FOUND' });
  expect(readdirSync(box)).toHaveLength(1);
  // Its launcher is killed before it has written the record.
  const launcher = startProgram('sleep', ['60']);
  const [name = ''] = readdirSync(box);
  await launcher.kill();
  await writeJsonAtomic(join(box, name), {
    schema_version: 1,
    ...named,
    left: isoTime(systemClock.now()),
    launcher: launcher.identity,
  });
  expect(await wait()).toMatchObject({ error: 'NOT_FOUND' });
  expect(existsSync(join(box, name))).toBe(false);
});

test('nobody is told of what ended more than a week ago', async () => {
  const place = machine();
  const { record } = await storeFinishedRun(place, { ended: '2020-01-01T00:00:00.000Z' });
  await leaveNote(place.host, who(place, {}), record);
  expect(await (await controller(place))()).toMatchObject({ error: 'NOT_FOUND' });
  expect(await notesOf(place.host, who(place, {}))).toEqual([]);
});

test('a run whose project is gone for the moment is told of when it is back', async () => {
  const place = machine();
  const run = await launched(place, A);
  await end(run);
  renameSync(place.project, `${place.project}-away`);
  const elsewhere = machine({ home: place.host.home });
  expect(await (await controller(elsewhere, A))()).toMatchObject({ error: 'NOT_FOUND' });
  renameSync(`${place.project}-away`, place.project);
  expect((await (await controller(elsewhere, A))()).ids).toEqual([run.id]);
});

test('a server that is killed between its answer and the next call has lost nothing', async () => {
  const place = machine();
  const run = await launched(place);
  await end(run);
  const ask = async (server: ServerProcess, args: Record<string, unknown> = {}) => {
    const result = await server.call('cc_wait_runs', { wait_seconds: 0, ...args });
    return result.structuredContent as { changed?: { run_id: string }[]; cursor?: string };
  };
  const serve = async () => {
    const server = new ServerProcess(place.env, place.project);
    await server.initialize();
    return server;
  };
  const killed = await serve();
  const lost = await ask(killed);
  expect(lost.changed).toHaveLength(1);
  await killed.endBy(() => killed.child.kill('SIGKILL'));
  const [one, two] = [await serve(), await serve()];
  const again = await ask(one);
  expect(again.changed?.[0]?.run_id).toBe(run.id);
  // The cursor is as good at another server.
  expect((await ask(two, { cursor: again.cursor })).changed).toEqual([]);
  expect(await ask(one)).toMatchObject({ error: { code: 'NOT_FOUND' } });
});

test.each(['x', '5jhyujis9lnk3v7qa2m', 'zzzzzzzzzzzk3v7qa2ms', 'a~b', '~'])(
  '%j is not taken for a cursor',
  async (cursor) => {
    const wait = await controller(machine());
    expect(await wait({ cursor })).toMatchObject({ error: 'BAD_INPUT' });
  },
);
