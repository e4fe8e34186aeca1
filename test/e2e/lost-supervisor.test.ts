import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isFinal } from '../../src/core/vocabulary.ts';
import { isAlive, stateOf } from '../../src/proc/identity.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { newestRuns } from '../../src/runs/list.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { recoverAll } from '../../src/runs/recover-all.ts';
import { startSupervisor } from '../../src/runs/start-supervisor.ts';
import { stopRun } from '../../src/runs/stop.ts';
import { lookAt } from '../../src/runs/view.ts';
import { Lease } from '../../src/store/lease.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import { enclosureOf, strike, supervisorsOf, workerOf } from '../chaos/processes.ts';
import { RawKeeper } from '../chaos/raw-keeper.ts';
import { Lab, rawCoverage } from '../support/lab.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { fixturePath } from '../support/processes.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const signal = new AbortController().signal;
const stop = (run: FoundRun) =>
  stopRun(lab.host(), run, { force: true, timeoutMs: PATIENCE_MS, from: 'test', signal });

/** Ends by itself: nobody looks at it in a way that would recover it. */
const ends = (run: FoundRun) =>
  lab.until(async () => {
    const current = await lab.find(run.record.run_id);
    return isFinal(current.record.state) ? current : undefined;
  }, 'the run to end by itself');

async function heldRun() {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'Done.', hold: { at: 'before_headers', name: 'go' } }] },
  ]);
  const run = await lab.launch({ task: 'Wait.' });
  await lab.model.waitForHold('go');
  await lab.event(run, 'cc.worker.ready');
  return run;
}

async function killSupervisor(run: FoundRun): Promise<void> {
  const supervisor = lab.supervisor(run);
  process.kill(supervisor.pid, 'SIGKILL');
  await lab.until(async () => !isAlive(supervisor) || undefined, 'the supervisor to die');
}

test('one look recovers a run also when the supervisor of the look before was killed at once', async () => {
  const run = await heldRun();
  await killSupervisor(run);
  for (let time = 0; time < 2; time += 1) {
    await lookAt(lab.host(), run);
    for (const { pid } of supervisorsOf(run.record.run_id)) process.kill(pid, 'SIGKILL');
    await lab.until(
      async () => supervisorsOf(run.record.run_id).length === 0 || undefined,
      'nobody to be there',
    );
  }
  await lookAt(lab.host(), run);
  lab.model.release('go');
  expect((await ends(run)).record.state).toBe('succeeded');
});

test('one look recovers a run whose first supervisor died before it owned it', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'Done.' }] }]);
  const nobody = lab.host({ supervisor: { file: process.execPath, args: ['-e', '0'] } });
  const run = await lab.launch({ task: 'x' }, nobody);
  // While its launcher (this process) lives, a supervisor may still be on its way for a moment.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  await lookAt(lab.host(), run);
  expect((await ends(run)).record.state).toBe('succeeded');
});

test('a supervisor that was frozen before it could own the run is gone when the run is over', async () => {
  const run = await heldRun();
  const rival = await startSupervisor(lab.host(), run.record, {});
  process.kill(rival.pid, 'SIGSTOP');
  await lab.until(async () => stateOf(rival) === 'stopped' || undefined, 'it to be stopped');
  lab.model.release('go');
  await lab.ended(run);
  expect(isAlive(rival)).toBe(false);
});

test('a run that is given up takes a frozen rival with it; a pass finds one of a run that is over', async () => {
  const run = await heldRun();
  const freeze = async () => {
    const rival = await startSupervisor(lab.host(), run.record, {});
    process.kill(rival.pid, 'SIGSTOP');
    await lab.until(async () => stateOf(rival) === 'stopped' || undefined, 'it to be stopped');
    return rival;
  };
  await killSupervisor(run);
  const rival = await freeze();
  const { prompt } = privateRunPaths(lab.host().home, run.record.run_id);
  rmSync(prompt);
  expect((await lab.ended(run)).record.outcome?.failure.source).toBe('supervisor');
  expect(isAlive(rival)).toBe(false);
  const late = await freeze();
  const report = await recoverAll(lab.host(), { thorough: undefined, signal });
  expect(report.runs).toEqual([{ run_id: run.record.run_id, did: 'cleaned', processes_ended: 1 }]);
  expect(isAlive(late)).toBe(false);
});

test('a supervisor that has lost its run leaves the worker to its successor', async () => {
  const run = await heldRun();
  const first = lab.supervisor(run);
  // What it starts for a moment of its own comes and goes.
  const { worker } = await lab.event(run, 'cc.worker.started');
  const lease = Lease.tryAcquire(run.paths.lease, () => false);
  if (!(lease instanceof Lease)) throw new Error('not taken over');
  lab.model.release('go'); // now it has something to record, and must not
  await lab.until(async () => !isAlive(first) || undefined, 'the first supervisor to leave');
  expect(lab.processes(run.record.run_id)).toContainEqual(worker);
  lease.release();
  const { record } = await lab.ended(run);
  expect(record.state).toBe('succeeded');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('an end of session that was journaled and never said is said by the successor', async () => {
  const run = await heldRun();
  await killSupervisor(run);
  const last = lab.events(run).at(-1);
  const event = { ...last, seq: (last?.seq ?? 0) + 1, type: 'cc.control.sent', raw: undefined };
  appendFileSync(
    run.paths.events,
    `${JSON.stringify({ ...event, request_id: 'end-x', kind: 'end_session' })}\n`,
  );
  lab.model.release('go');
  const { record } = await lab.ended(run);
  expect(record.outcome).toMatchObject({ state: 'succeeded', signal: null });
});

test('a worker that a killed supervisor left frozen, in a run that it left starting, goes on', async () => {
  const run = await heldRun();
  await killSupervisor(run);
  const { worker } = await lab.event(run, 'cc.worker.started');
  process.kill((worker as { pid: number }).pid, 'SIGSTOP');
  const { started: _, ...record } = (await lab.find(run.record.run_id)).record;
  await writeRecord(run.paths, { ...record, state: 'starting' });
  await lookAt(lab.host(), run);
  await lab.event(run, 'cc.supervisor.started', 2);
  const goesOn = async () => {
    const { state, started } = (await lab.find(run.record.run_id)).record;
    return (state === 'running' && started !== undefined) || undefined;
  };
  await lab.until(goesOn, 'the record to say that it is running');
  lab.model.release('go');
  expect((await ends(run)).record.state).toBe('succeeded');
});

test('a worker that is started again takes up nothing in its last moments, and is heard to the end', async () => {
  lab = await Lab.open([]);
  lab.env.CC_CLAUDE_PATH = fixturePath('late-worker');
  const run = await lab.launch({ task: 'x' });
  const home = lab.host().home;
  const { dir } = privateRunPaths(home, run.record.run_id);
  const keeper = new RawKeeper(dir, join(home.root, 'kept'));
  await lab.event(run, 'cc.message.sent');
  await killSupervisor(run);
  await lookAt(lab.host(), run);
  await lab.event(run, 'cc.worker.started', 2);
  expect(existsSync(lab.path('model-calls.txt'))).toBe(false);
  const events = lab.events(run);
  const first = events.slice(
    0,
    events.findIndex((event) => event.attempt === 2),
  );
  const [written] = keeper.streams();
  expect(first.findLast((event) => event.raw)?.raw?.[1]).toBe(written?.lines.at(-1)?.[1]);
  keeper.close();
  await stop(run);
});

test('a worker that vanishes before it takes up its task is started again by a living supervisor', async () => {
  lab = await Lab.open([]);
  lab.env.CC_CLAUDE_PATH = fixturePath('late-worker');
  const run = await lab.launch({ task: 'x' });
  await lab.event(run, 'cc.message.sent');
  const supervisor = lab.supervisor(run);
  const { record } = await lab.find(run.record.run_id);
  if (record.posture?.sandbox !== 'bubblewrap') {
    console.log('skipped: without bubblewrap a supervisor knows how its worker went');
    await stop(run);
    return;
  }
  const worker = workerOf(run.record.run_id);
  expect(strike(enclosureOf(run.record.run_id), 'SIGKILL')).toBe(true);
  expect(strike(worker, 'SIGKILL')).toBe(true);
  await lab.event(run, 'cc.worker.started', 2);
  expect(lab.supervisor(run)).toEqual(supervisor);
  await stop(run);
  expect(lab.events(run).filter(({ type }) => type === 'cc.run.ended')).toHaveLength(1);
});

test('a run whose workers all vanish before they take it up ends with that reason', async () => {
  lab = await Lab.open([]);
  lab.env.CC_CLAUDE_PATH = fixturePath('late-worker');
  const run = await lab.launch({ task: 'x' });
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await lab.event(run, 'cc.message.sent', attempt);
    await killSupervisor(run);
    await lookAt(lab.host(), run);
  }
  const { record } = await lab.ended(run);
  expect(record.outcome?.failure).toMatchObject({
    class: 'launch_environment',
    evidence: [expect.stringContaining('workers in a row')],
  });
  expect(lab.events(run).filter(({ type }) => type === 'cc.run.ended')).toHaveLength(1);
});

test('a launch that failed leaves no run behind that would start when somebody looks', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'once' }] }]);
  const { workspace } = lab.place();
  await lab.ended(await lab.launch({ task: 'x' }));
  const digest = createHash('sha256').update('k').digest('hex').slice(0, 32);
  const inTheWay = join(workspace.base, 'state/keys', `${digest}.json`);
  mkdirSync(inTheWay);
  await expect(lab.launch({ task: 'y', idempotencyKey: 'k' })).rejects.toThrow();
  expect(await newestRuns(workspace, 10)).toHaveLength(1);
  rmdirSync(inTheWay);
  await lab.ended(await lab.launch({ task: 'y', idempotencyKey: 'k' }));
  expect(await newestRuns(workspace, 10)).toHaveLength(2);
});
