import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/runs/events.ts';
import { type RunRecord, readRecord, writeRecord } from '../../../src/runs/record.ts';
import { giveUp } from '../../../src/runs/supervise/give-up.ts';
import { makePrivateDir } from '../../../src/store/atomic.ts';
import { Lease } from '../../../src/store/lease.ts';
import { privateRunPaths } from '../../../src/workspace/home.ts';
import { machine } from '../../mcp/face.ts';
import { type StoredRun, storeFinishedRun } from '../../mcp/runs.ts';

const SECRET = 'worker-token-51c0ffee77';
const said = (text: string) =>
  JSON.stringify({
    type: 'assistant',
    message: { id: text, model: 'test-model-1', content: [{ type: 'text', text }] },
  });
const LINES = [
  said('I begin.'),
  said(`The token is ${SECRET}.`),
  JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'All is done.' }),
];
const ends = LINES.map((_, index) => LINES.slice(0, index + 1).join('\n').length + 1);

/** A run of which a supervisor has read the first line, and nobody the others. */
async function abandoned() {
  const place = machine();
  const run = await storeFinishedRun(place);
  const { outcome: _outcome, ended: _ended, ...rest } = run.record;
  const worker = { ...rest.worker, secret_env: ['TOKEN'] };
  const record: RunRecord = { ...rest, worker, state: 'running', started: rest.created };
  await writeRecord(run.paths, record);
  const at = { epoch: 1, time: record.created };
  const events = [
    {
      seq: 3,
      ...at,
      type: 'cc.worker.started',
      attempt: 1,
      worker: { pid: 1, start: '', boot: '' },
    },
    { seq: 4, ...at, type: 'cc.message', text: 'I begin.', raw: [0, ends[0]] },
  ];
  appendFileSync(run.paths.events, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const files = privateRunPaths(place.host.home, run.id);
  await makePrivateDir(files.dir);
  writeFileSync(files.stdout(1), `${LINES.join('\n')}\n{"type":"assi`);
  writeFileSync(files.stderr(1), 'a warning\n');
  const end = async () => {
    const lease = Lease.tryAcquire(run.paths.lease);
    if (!(lease instanceof Lease)) throw new Error('not free');
    const error = new Error('no idea');
    const workerEnv = { TOKEN: SECRET };
    await giveUp(place.host, { paths: run.paths, runId: run.id, lease, error, workerEnv });
    lease.release();
  };
  return { run, record, files, end };
}

function eventsOf({ paths }: StoredRun): RunEvent[] {
  const lines = readFileSync(paths.events, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

test('what nobody has read is recorded once, with secrets hidden, and the answer kept', async () => {
  const { run, record, files, end } = await abandoned();
  await end();
  const events = eventsOf(run);
  expect(events.flatMap(({ raw }) => (raw === undefined ? [] : [raw]))).toEqual(
    ends.map((to, index) => [ends[index - 1] ?? 0, to]),
  );
  expect(events.slice(-2)).toMatchObject([
    { type: 'cc.worker.exited', adopted: true, unfinished_bytes: 13 },
    { type: 'cc.run.ended', outcome: { state: 'failed' } },
  ]);
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('All is done.');
  expect(readFileSync(run.paths.stderr, 'utf8')).toBe('a warning\n');
  for (const path of [run.paths.events, run.paths.summary, run.paths.metadata]) {
    expect(readFileSync(path, 'utf8')).not.toContain(SECRET);
  }
  expect([existsSync(files.stdout(1)), existsSync(files.stderr(1))]).toEqual([false, false]);
  // As if it had been killed before the record was written.
  await writeRecord(run.paths, record);
  await end();
  expect(eventsOf(run)).toEqual(events);
  expect((await readRecord(run.paths, run.id)).state).toBe('failed');
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('All is done.');
});

test('what cannot be recorded stays where it is, and the run is over all the same', async () => {
  const { run, files, end } = await abandoned();
  writeFileSync(run.paths.events, '{"schema_version":999,"kind":"run_events"}\n');
  await end();
  expect((await readRecord(run.paths, run.id)).state).toBe('failed');
  expect(readFileSync(files.stdout(1), 'utf8')).toContain('All is done.');
});
