import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import type { Script } from '../../src/loopback/index.ts';
import { identityOf, isAlive } from '../../src/proc/identity.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { activeRuns } from '../../src/runs/list.ts';
import { ensureSupervised, replaceSupervisor } from '../../src/runs/recover.ts';
import { recoverAll } from '../../src/runs/recover-all.ts';
import { recoverRun } from '../../src/runs/recover-run.ts';
import { lookAt } from '../../src/runs/view.ts';
import { RUN_COOKIE } from '../../src/workers/claude/environment.ts';
import { privateRunPaths, userHome } from '../../src/workspace/home.ts';
import { sharedPaths } from '../../src/workspace/layout.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab, rawCoverage } from '../support/lab.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const SLOW: Script = {
  name: 'slow',
  steps: [{ text: 'Done.', hold: { at: 'before_headers', name: 'go' } }],
};
const signal = new AbortController().signal;

/** Runs that wait for their model, and whose supervisors are gone. */
async function orphans(count: number): Promise<FoundRun[]> {
  lab = await Lab.open([SLOW]);
  const runs: FoundRun[] = [];
  for (let index = 0; index < count; index += 1) runs.push(await lab.launch({ task: 'Answer.' }));
  for (const run of runs) {
    await lab.event(run, 'cc.worker.ready');
    process.kill(lab.supervisor(run).pid, 'SIGKILL');
  }
  await lab.until(
    async () => (runs.some((run) => isAlive(lab.supervisor(run))) ? undefined : true),
    'the supervisors to die',
  );
  return runs;
}

async function cli(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runProgram(process.execPath, [BIN, ...args, '--json'], {
    cwd: lab.project,
    env: lab.env,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A process that carries a cookie, as a worker's child would. */
function carrier(runId: string) {
  const child = spawn('sleep', ['600'], {
    env: { PATH: lab.env.PATH, [RUN_COOKIE]: runId },
    detached: true,
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return identityOf(child.pid ?? 0) ?? { pid: 0, start: '', boot: '' };
}

test('one recovery gives every orphan a supervisor, also one that is in no index', async () => {
  const runs = await orphans(2);
  const [indexed, lost] = runs as [FoundRun, FoundRun];
  rmSync(join(sharedPaths(lost.workspace).active, `${lost.record.run_id}.json`));
  const report = await cli('recover-runs');
  expect(report).toEqual({
    runs: expect.arrayContaining([
      { run_id: indexed.record.run_id, did: 'supervised' },
      { run_id: lost.record.run_id, did: 'supervised' },
    ]),
    healthy: 0,
    left_alone: expect.any(Number),
  });
  expect((await activeRuns(lost.workspace)).map((run) => run.record.run_id).sort()).toEqual(
    runs.map((run) => run.record.run_id).sort(),
  );
  lab.model.release('go');
  for (const run of runs) {
    // Not by looking at it: that would recover it, too.
    await lab.until(async () => (await finalState(run)) || undefined, 'the run to end');
    expect(await finalState(run)).toBe('succeeded');
    expect(rawCoverage(lab.events(run))).toEqual([]);
  }
  expect(await cli('recover-runs')).toMatchObject({ runs: [], healthy: 0 });
});

async function finalState(run: FoundRun): Promise<string | undefined> {
  const { record } = await lab.find(run.record.run_id);
  return record.outcome?.state;
}

test('a server that starts recovers what it finds, without being asked', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  lab.model.release('go');
  const server = await LabServer.start(lab);
  await lab.until(async () => (await finalState(run)) || undefined, 'the run to end');
  expect(await finalState(run)).toBe('succeeded');
  await server.close();
});

test('a read-only server starts nothing and says what is needed', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  const server = await LabServer.start(lab, ['--read-only']);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const status = await server.call('cc_run_status', { run_id: run.record.run_id });
  expect(status).toMatchObject({
    runs: [{ state: 'lost', attention: [expect.stringContaining('needs_recovery')] }],
  });
  await server.close();
  lab.model.release('go');
  expect((await lab.ended(run)).record.outcome?.state).toBe('succeeded');
});

test('a run whose record is damaged while its worker lives goes on by the second copy', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  writeFileSync(run.paths.metadata, 'garbage');
  expect(await cli('recover-runs')).toMatchObject({ runs: [{ did: 'supervised' }] });
  lab.model.release('go');
  await lab.until(async () => (await finalState(run)) || undefined, 'the run to end');
  expect(JSON.parse(readFileSync(run.paths.metadata, 'utf8'))).toMatchObject({
    run_id: run.record.run_id,
    state: 'succeeded',
  });
});

test('a reader of another user home does not end a run whose private files it has not', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  const home = userHome({ HOME: join(lab.dir, 'another') });
  const stranger = lab.host({ home });
  expect(await ensureSupervised(stranger, run)).toBe(false);
  expect((await lookAt(stranger, run)).state).toBe('lost');
  const report = await recoverAll(stranger, { thorough: run.workspace, signal });
  expect(report).toMatchObject({ runs: [], left_alone: expect.any(Number) });
  await replaceSupervisor(stranger, run);
  expect(lab.processes(run.record.run_id).length).toBeGreaterThan(0);
  lab.model.release('go');
  expect((await lab.ended(run)).record.outcome?.state).toBe('succeeded');
});

test('a run of which no record is left is ended, with its processes', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  for (const path of [run.paths.metadata, run.paths.spareMetadata]) writeFileSync(path, '{}');
  const { run_id } = run.record;
  expect(lab.processes(run_id).length).toBeGreaterThan(0);
  expect(await cli('recover-runs')).toMatchObject({
    runs: [{ run_id, did: 'unreadable', processes_ended: expect.any(Number) }],
  });
  expect(lab.processes(run_id)).toEqual([]);
  expect(await activeRuns(run.workspace)).toEqual([]);
});

test('processes of a run that is over are ended; those of a run nobody knows are left alone', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'ok' }] }]);
  const run = await lab.ended(await lab.launch({ task: 'x' }));
  const leftover = carrier(run.record.run_id);
  const stranger = carrier(newId('run', new Date()));
  expect(await cli('recover-runs')).toEqual({
    runs: [{ run_id: run.record.run_id, did: 'cleaned', processes_ended: 1 }],
    healthy: 0,
    left_alone: expect.any(Number),
  });
  expect(isAlive(leftover)).toBe(false);
  expect(isAlive(stranger)).toBe(true);
  const another = carrier(run.record.run_id);
  expect(await cli('stop-run', run.record.run_id)).toMatchObject({ already_ended: true });
  expect(isAlive(another)).toBe(false);
});

test('a run for which no supervisor can be kept up is ended with its processes, and says why', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  const host = lab.host({ supervisor: { file: '/bin/false', args: [] } });
  expect(await recoverAll(host, { signal })).toMatchObject({
    runs: [{ run_id: run.record.run_id, did: 'ended' }],
  });
  expect(lab.processes(run.record.run_id)).toEqual([]);
  expect((await lab.find(run.record.run_id)).record.outcome).toMatchObject({
    state: 'failed',
    failure: { class: 'supervisor_lost' },
    left_processes: [],
  });
});

test('what a worker said last is kept when its run is given up, once and in order', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  const { run_id } = run.record;
  const raw = privateRunPaths(lab.host().home, run_id).stdout(1);
  lab.model.release('go');
  await lab.until(
    async () => readFileSync(raw, 'utf8').includes('"type":"result"') || undefined,
    'the worker to answer nobody',
  );
  const host = lab.host({ supervisor: { file: '/bin/false', args: [] } });
  await recoverAll(host, { signal });
  const events = lab.events(run);
  expect(rawCoverage(events)).toEqual([]);
  expect(events.filter(({ type }) => type === 'cc.turn.ended')).toHaveLength(1);
  expect(events.slice(-2).map(({ type }) => type)).toEqual(['cc.worker.exited', 'cc.run.ended']);
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('Done.');
  expect((await lookAt(host, run)).summary?.last_message).toBe('Done.');
  expect(existsSync(raw)).toBe(false);
});

test('a supervisor that vanished as it was started does not keep a run from being recovered', async () => {
  const [run] = (await orphans(1)) as [FoundRun];
  // What a reader of this very process has just started is gone, and it starts no other for a while.
  await ensureSupervised(lab.host({ supervisor: { file: '/bin/false', args: [] } }), run);
  expect(await recoverRun(lab.host(), run, signal)).toBe('supervised');
  lab.model.release('go');
  await lab.until(async () => (await finalState(run)) || undefined, 'the run to end');
});

test('several recoveries at once do not get into each other’s way', async () => {
  const runs = await orphans(2);
  const reports = await Promise.all(
    Array.from({ length: 3 }, () => recoverAll(lab.host(), { signal })),
  );
  expect(reports.flatMap((report) => report.runs.map((step) => step.did))).not.toContain('failed');
  lab.model.release('go');
  for (const run of runs) {
    await lab.ended(run);
    const events = lab.events(run);
    expect(rawCoverage(events)).toEqual([]);
    expect(events.filter((event) => event.type === 'cc.run.ended')).toHaveLength(1);
  }
  expect(Object.values(lab.model.callsPerConversation())).toEqual([1, 1]);
});

test('one call stops everything: supervised, frozen, orphaned and in no index', async () => {
  lab = await Lab.open([SLOW]);
  const runs: FoundRun[] = [];
  for (let index = 0; index < 4; index += 1) runs.push(await lab.launch({ task: 'Answer.' }));
  const [, frozen, orphan, lost] = runs as [FoundRun, FoundRun, FoundRun, FoundRun];
  for (const run of runs) await lab.event(run, 'cc.message.sent');
  process.kill(lab.supervisor(frozen).pid, 'SIGSTOP');
  for (const run of [orphan, lost]) process.kill(lab.supervisor(run).pid, 'SIGKILL');
  rmSync(join(sharedPaths(lost.workspace).active, `${lost.record.run_id}.json`));
  const server = await LabServer.start(lab);
  const result = await server.call('cc_stop_run', { all: true });
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(500);
  expect(result).toMatchObject({ stopped: true });
  expect(result.runs).toHaveLength(4);
  for (const run of runs) {
    expect(result.runs).toContainEqual({
      run_id: run.record.run_id,
      state: 'cancelled',
      stopped: true,
    });
    expect(lab.processes(run.record.run_id)).toEqual([]);
  }
  expect(await server.call('cc_stop_run', { all: true })).toEqual({ stopped: true, runs: [] });
  for (const input of [{}, { all: false }, { all: true, run_id: lost.record.run_id }]) {
    expect(await server.call('cc_stop_run', input)).toMatchObject({ error: { code: 'BAD_INPUT' } });
  }
  await server.close();
});
