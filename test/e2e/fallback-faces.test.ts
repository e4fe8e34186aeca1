import { afterEach, expect, test } from 'vitest';
import type { ModelCall, Script, Step } from '../../src/loopback/index.ts';
import { readHealth, recordFailure } from '../../src/routing/health-store.ts';
import { steerRun } from '../../src/runs/instruct.ts';
import { readRecord } from '../../src/runs/record.ts';
import { recoverAll } from '../../src/runs/recover-all.ts';
import { runIds } from '../../src/runs/run-ids.ts';
import { stopRun } from '../../src/runs/stop.ts';
import { runPaths } from '../../src/workspace/layout.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { failing, http, LIMITED, openFailing, own, settled, waited } from '../support/failing.ts';
import type { Lab } from '../support/lab.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const cli = (args: readonly string[], timeoutMs?: number) =>
  runProgram(process.execPath, [BIN, ...args], {
    cwd: lab.project,
    env: lab.env,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

/** Every run there is a record of, as `<profile>/<state>`; the lab takes charge of them. */
const all = async () => {
  const { workspace } = lab.place();
  const records = await Promise.all(
    (await runIds(workspace)).map((id) =>
      readRecord(runPaths(workspace, id), id).catch(() => undefined),
    ),
  );
  return records.flatMap((record) => {
    if (record === undefined) return [];
    own(lab, record.run_id);
    return [record];
  });
};

test('what was written before the limit came, and what was said, is handed on', async () => {
  const openings: string[] = [];
  const script: Script = {
    name: 'task',
    steps: [
      ({ model, opening }: ModelCall): Step => {
        if (model !== 'lab-model-1') {
          openings.push(opening);
          const input = { file_path: lab.path('b.txt'), content: 'second half\n' };
          return { text: 'Going on.', tools: [{ name: 'Write', input }] };
        }
        const input = { file_path: lab.path('a.txt'), content: 'first half\n' };
        return { text: 'I begin with PART-ONE.', tools: [{ name: 'Write', input }] };
      },
      ({ model }: ModelCall): Step =>
        model === 'lab-model-1' ? { text: 'x', faults: [LIMITED] } : { text: 'All done.' },
    ],
  };
  lab = await openFailing(script);
  lab.write('user.txt', 'unfinished work of the user\n');
  const run = await lab.launch({
    task: 'Write two halves.',
    context: 'CONTEXT-7',
    allowWrite: true,
    scope: { paths: ['**'] },
  });
  const { changed, runs } = await waited(lab, run);
  expect(changed.map(({ state }) => state)).toEqual(['failed', 'succeeded']);
  expect([lab.read('a.txt'), lab.read('b.txt')]).toEqual(['first half\n', 'second half\n']);
  const [told = ''] = openings;
  for (const part of [
    'Write two halves.',
    'CONTEXT-7',
    'rate_limited',
    'PART-ONE',
    'added a.txt',
    '+first half',
  ]) {
    expect(told).toContain(part);
  }
  // Not the user's own unfinished work, which the task did not make.
  expect(told).not.toContain('unfinished work');
  expect(runs[1]?.record).toMatchObject({ scope: run.record.scope, fallback: 'on' });
});

test('a second move tells of both runs once, and the budget holds over all of them', async () => {
  const openings: string[] = [];
  const script: Script = {
    name: 'task',
    steps: [
      ({ model, opening }: ModelCall): Step => {
        if (model === 'third-model') openings.push(opening);
        const input = { file_path: lab.path(`${model}.txt`), content: `by ${model}\n` };
        return model === 'third-model'
          ? { text: 'Finished.' }
          : { text: `WORDS of ${model}.`, tools: [{ name: 'Write', input }] };
      },
      { text: 'x', faults: [http(402)] },
    ],
  };
  lab = await openFailing(script, ['spare', 'third']);
  const run = await lab.launch({
    task: 'THE-TASK.',
    allowWrite: true,
    scope: { paths: ['**'] },
    budget: { max_turns: 10, max_tokens: 50_000, max_usd: 1 },
  });
  const { runs, changed } = await waited(lab, run);
  expect(changed.map(({ state }) => state)).toEqual(['failed', 'failed', 'succeeded']);
  const last = runs[2]?.record;
  expect(last?.lineage?.moved?.map((one) => [one.profile, one.class])).toEqual([
    ['env:lab', 'billing'],
    ['env:spare', 'billing'],
  ]);
  expect(last?.lineage).toMatchObject({ root: run.record.run_id, index: 2 });
  expect(last?.budget.max_turns).toBeLessThan(10);
  expect(last?.budget.max_tokens).toBeLessThan(50_000);
  expect(last?.budget.max_usd).toBeLessThan(1);
  const [told = ''] = openings;
  const times = (part: string) => told.split(part).length - 1;
  expect(times('THE-TASK.')).toBe(1);
  expect([times('WORDS of lab-model-1'), times('WORDS of spare-model')]).toEqual([1, 1]);
  expect([times('added lab-model-1.txt'), times('added spare-model.txt')]).toEqual([1, 1]);
});

test('two servers and two shells that wait at once see one successor, and one call is enough', async () => {
  lab = await openFailing(failing({ 'lab-model-1': LIMITED }));
  const servers = [await LabServer.start(lab), await LabServer.start(lab)];
  const run = await lab.launch({ task: 'Do it.' });
  const { run_id } = run.record;
  const [answers, shell, status] = await Promise.all([
    Promise.all(
      servers.map((server) => server.call('cc_wait_runs', { run_ids: [run_id], until: 'all' })),
    ),
    cli(['wait', run_id, '--json']),
    settled(lab, run).then(() => cli(['run-status', '--run-id', run_id, '--json'])),
  ]);
  const successors = (await all()).filter(({ lineage }) => lineage !== undefined);
  expect(successors).toHaveLength(1);
  const to = successors[0]?.run_id;
  for (const answer of answers) {
    expect(answer).toMatchObject({
      reason: 'all_ended',
      changed: [
        { run_id, state: 'failed', moved_to: { run_id: to } },
        { run_id: to, state: 'succeeded' },
      ],
    });
    expect(JSON.stringify(answer).length).toBeLessThan(1700);
  }
  const lines = shell.stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).state)).toEqual(['failed', 'succeeded']);
  expect(shell.exitCode).toBe(0);
  expect(JSON.parse(status.stdout).runs).toMatchObject([
    { moved_to: { run_id: to } },
    { run_id: to },
  ]);
  // The next wait knows both of them, and is told nothing twice.
  const [server] = servers;
  const again = await server?.call('cc_wait_runs', {
    run_ids: [run_id],
    cursor: answers[0]?.cursor,
  });
  expect(again).toMatchObject({ reason: 'all_ended', changed: [] });
  for (const one of servers) await one.close();
});

test('the blocking call answers with the run that did it', async () => {
  lab = await openFailing(failing({ 'lab-model-1': LIMITED }));
  const done = await cli(['run-agent', 'Do it.', '--json']);
  expect(done.exitCode).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({
    state: 'succeeded',
    profile: 'env:spare',
    answer: 'Done by spare-model.',
    moved_from: [{ profile: 'env:lab', class: 'rate_limited' }],
  });
  expect(await all()).toHaveLength(2);
});

test('a mover killed at any moment neither loses the task nor starts it twice', async () => {
  lab = await openFailing(failing({ 'lab-model-1': LIMITED }));
  for (let round = 0; round < 4; round += 1) {
    const request = { task: `Round ${round}.`, profile: 'env:lab', fallback: true };
    const run = await settled(lab, await lab.launch(request));
    const { run_id } = run.record;
    await Promise.all(
      Array.from({ length: 3 }, (_, index) =>
        cli(['run-status', '--run-id', run_id, '--json'], 150 + 120 * index + Math.random() * 300),
      ),
    );
    const { changed } = await waited(lab, run);
    expect(changed.map(({ state }) => state)).toEqual(['failed', 'succeeded']);
    const successors = (await all()).filter(({ lineage }) => lineage?.parent === run_id);
    expect(successors).toHaveLength(1);
  }
});

test('a recovery pass moves what nobody looked at', async () => {
  lab = await openFailing(failing({ 'lab-model-1': LIMITED }));
  const run = await settled(lab, await lab.launch({ task: 'Do it.' }));
  const { signal } = new AbortController();
  const { runs } = await recoverAll(lab.host(), { signal });
  expect(runs).toMatchObject([{ run_id: run.record.run_id, did: 'moved' }]);
  expect((await recoverAll(lab.host(), { signal })).runs).toEqual([]);
  expect((await waited(lab, run)).changed.map(({ state }) => state)).toEqual([
    'failed',
    'succeeded',
  ]);
});

test('to stop a run stops its task, wherever it is, and what is stopped is not moved', async () => {
  const script = failing({ 'lab-model-1': LIMITED });
  lab = await openFailing({
    ...script,
    steps: [
      ({ model }: ModelCall): Step =>
        model === 'lab-model-1'
          ? { text: 'x', faults: [LIMITED] }
          : { text: 'slow', hold: { at: 'before_headers', name: 'slow' } },
    ],
  });
  const options = {
    force: false,
    timeoutMs: PATIENCE_MS,
    from: 'test',
    signal: new AbortController().signal,
  };
  const failed = () => lab.launch({ task: 'Go.', profile: 'env:lab', fallback: true });
  const first = await settled(lab, await failed());
  expect(await stopRun(lab.host(), first, options)).toMatchObject({
    run_id: first.record.run_id,
    already_ended: true,
  });
  expect((await waited(lab, first)).changed[0]?.not_moved).toBe('it was stopped by its controller');

  const second = await settled(lab, await failed());
  const { active } = await waited(lab, second, 3000);
  expect(active).toHaveLength(1);
  expect(await stopRun(lab.host(), second, options)).toMatchObject({
    run_id: active[0],
    state: 'cancelled',
    stopped: true,
    already_ended: false,
  });
  expect((await waited(lab, second)).changed.map(({ state }) => state)).toEqual([
    'failed',
    'cancelled',
  ]);
});

test('a controller that goes on by itself is not overtaken', async () => {
  lab = await openFailing(failing({ 'lab-model-1': http(402) }));
  const run = await settled(lab, await lab.launch({ task: 'Do it.' }));
  const steered = await steerRun(
    lab.host(),
    run,
    { instruction: 'Go on.', profile: 'env:spare' },
    { from: 'test', signal: new AbortController().signal },
  );
  if (steered.how !== 'continued') throw new Error(steered.how);
  own(lab, steered.record.run_id);
  const { changed } = await waited(lab, run);
  expect(changed[0]?.not_moved).toBe('its controller goes on with it');
  await lab.ended(await lab.find(steered.record.run_id));
  expect(await all()).toHaveLength(2);
});

test('after a cooldown one run tries the profile again, and the others go elsewhere meanwhile', async () => {
  lab = await openFailing({
    name: 'task',
    steps: [{ text: 'slow', hold: { at: 'before_headers', name: 'slow' } }],
  });
  lab.writePolicy('start_interval_ms: 0\nrouting:\n  providers:\n    order: [env:lab]\n');
  const route = { profile: { id: 'env:lab' }, model: 'lab-model-1' } as const;
  const failure = { ...route, class: 'provider_capability', runId: 'run_before' } as const;
  await recordFailure(lab.host().home, failure, Date.now() - 7 * 3_600_000);
  const runs = await Promise.all([1, 2, 3].map((n) => lab.launch({ task: `Task ${n}.` })));
  const profiles = runs.map(({ record }) => record.profile.id).sort();
  expect(profiles).toEqual(['env:lab', 'env:spare', 'env:spare']);
  await lab.model.waitForHold('slow');
  lab.model.release('slow');
  for (const run of runs) await lab.ended(run);
  expect((await readHealth(lab.host().home)).failures).toEqual([]);
});
