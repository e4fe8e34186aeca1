import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeRecord } from '../../../src/runs/record.ts';
import { activeSlots } from '../../../src/runs/slots.ts';
import { logUsage, usageLog } from '../../../src/runs/usage/log.ts';
import { readUsage } from '../../../src/runs/usage/read.ts';
import type { Host } from '../../../src/workspace/host.ts';
import { runPaths, sharedPaths, type Workspace } from '../../../src/workspace/layout.ts';
import { bundle } from '../../support/bundle.ts';
import { endedRecord, storeActive, storeRecord, userWithProject } from '../../support/history.ts';
import { startFixture } from '../../support/processes.ts';
import { scratch } from '../../support/scratch.ts';

const GROUND = await bundle(['runs/usage/log', 'workspace/layout']);
const DAY = '2026-11-20';
const NOON = new Date(`${DAY}T12:00:00.000Z`);

let dir: string;
let host: Host;
let workspace: Workspace;

beforeEach(async () => {
  dir = scratch();
  ({ host, workspace } = await userWithProject(dir));
});

function stored(ended = NOON, calls = 2) {
  const record = endedRecord(workspace, ended);
  storeRecord(workspace, record, calls);
  return record;
}

async function idsOf(from = DAY, to = from): Promise<string[]> {
  return (await readUsage(workspace, from, to)).ended.map((line) => line.run_id).sort();
}

describe('logging', () => {
  it('tells everything a summary needs, and counts a run once however often it is logged', async () => {
    const record = stored();
    for (let time = 0; time < 3; time += 1) expect(await logUsage(workspace, record)).toBe(true);
    expect((await readUsage(workspace, DAY, DAY)).ended).toEqual([
      {
        run_id: record.run_id,
        ended: record.ended,
        role: 'review',
        profile: 'env:test',
        model: 'model-a',
        by_model: {
          'model-a': { input: 100, output: 20, cache_read: 0, cache_write: 0, usd: 0.01 },
        },
        usd: 0.01,
        usd_source: 'profile',
        complete: true,
        state: 'succeeded',
        failure: 'success',
        elapsed_ms: 10_000,
        model_calls: 2,
        budget_stop: false,
        route_mismatch: false,
      },
    ]);
  });

  it('puts a run under the UTC day of its end', async () => {
    const before = stored(new Date('2026-11-19T23:59:59.999Z'));
    const after = stored(new Date('2026-11-20T00:00:00.000Z'));
    for (const record of [before, after]) await logUsage(workspace, record);
    expect(await idsOf('2026-11-19')).toEqual([before.run_id]);
    expect(await idsOf('2026-11-20')).toEqual([after.run_id]);
    expect(await idsOf('2026-11-01', '2026-11-30')).toEqual([before.run_id, after.run_id]);
  });

  it('says in its first line what it is', async () => {
    await logUsage(workspace, stored());
    const [header = ''] = readFileSync(usageLog(workspace).file(DAY), 'utf8').split('\n');
    expect(JSON.parse(header)).toMatchObject({ schema_version: 1, kind: 'usage' });
  });

  it('keeps a hostile time of a record out of the path', async () => {
    const record = { ...stored(), ended: '../../../../../outside' };
    expect(await logUsage(workspace, record)).toBe(true);
    expect(existsSync(usageLog(workspace).file('1970-01-01'))).toBe(true);
    expect(existsSync(join(dir, 'outside.ndjson'))).toBe(false);
  });

  it('does not make a workspace again that was removed', async () => {
    const record = stored();
    rmSync(join(workspace.root, '.agent-workspace'), { recursive: true });
    expect(await logUsage(workspace, record)).toBe(false);
    expect(existsSync(join(workspace.root, '.agent-workspace'))).toBe(false);
  });

  it('cuts off half a line of a writer that died', async () => {
    const first = stored();
    await logUsage(workspace, first);
    appendFileSync(usageLog(workspace).file(DAY), '{"run_id":"run_half');
    expect(await idsOf()).toEqual([first.run_id]);
    const second = stored();
    await logUsage(workspace, second);
    expect(await readUsage(workspace, DAY, DAY)).toMatchObject({ unreadable: 0 });
    expect(await idsOf()).toEqual([first.run_id, second.run_id].sort());
  });

  it('tells of lines it cannot read', async () => {
    await logUsage(workspace, stored());
    appendFileSync(usageLog(workspace).file(DAY), 'torn by something else\n{"run_id":7}\n');
    expect(await readUsage(workspace, DAY, DAY)).toMatchObject({ unreadable: 2 });
  });

  it('loses nothing to several writers at once, of which one is killed', async () => {
    const writers = await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const fixture = startFixture('usage-logger', [GROUND, workspace.root]);
        await fixture.next();
        const runs = Array.from({ length: 25 }, () => stored().run_id);
        return { fixture, runs };
      }),
    );
    for (const { fixture, runs } of writers) fixture.say(runs.join(' '));
    const [victim, ...others] = writers;
    const logged: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      logged.push((await victim?.fixture.next<{ runId: string }>())?.runId ?? '');
    }
    await victim?.fixture.kill();
    for (const { fixture, runs } of others) {
      for (const runId of runs) {
        expect(await fixture.next()).toEqual({ runId, logged: true });
        logged.push(runId);
      }
    }
    const { unreadable } = await readUsage(workspace, DAY, DAY);
    expect(unreadable).toBe(0);
    expect(await idsOf()).toEqual(expect.arrayContaining(logged.sort()));
  });
});

describe('a log that was removed', () => {
  it('is made again from the records of the runs', async () => {
    const runs = [stored(), stored(), stored(new Date('2026-11-18T01:00:00.000Z'), 7)];
    for (const record of runs) await logUsage(workspace, record);
    const before = await readUsage(workspace, '2026-11-01', DAY);
    rmSync(sharedPaths(workspace).usage, { recursive: true });
    const after = await readUsage(workspace, '2026-11-01', DAY);
    const byId = (a: { run_id: string }, b: { run_id: string }) => (a.run_id < b.run_id ? -1 : 1);
    expect(after.ended.sort(byId)).toEqual(before.ended.sort(byId));
    expect(existsSync(usageLog(workspace).file('2026-11-18'))).toBe(true);
  });

  it('is noticed day by day, also when somebody logs before anybody reads', async () => {
    const [first, other] = [stored(), stored(new Date('2026-11-18T01:00:00Z'))];
    for (const record of [first, other]) await logUsage(workspace, record);
    expect(await idsOf()).toEqual([first.run_id]);
    rmSync(usageLog(workspace).file(DAY));
    const second = stored();
    await logUsage(workspace, second);
    expect(await idsOf()).toEqual([first.run_id, second.run_id].sort());
  });

  it('keeps the days that are left, whose runs may be gone', async () => {
    const old = stored(new Date('2026-11-18T01:00:00Z'));
    const recent = stored();
    for (const record of [old, recent]) await logUsage(workspace, record);
    expect(await idsOf()).toEqual([recent.run_id]);
    rmSync(runPaths(workspace, old.run_id).dir, { recursive: true });
    rmSync(usageLog(workspace).file(DAY));
    expect(await idsOf('2026-11-18', DAY)).toEqual([old.run_id, recent.run_id].sort());
  });

  it('holds the runs of a workspace that is older than it', async () => {
    const runs = Array.from({ length: 40 }, () => stored().run_id);
    expect(await idsOf()).toEqual(runs.sort());
  });

  it('is read from the records alone where it cannot be written', async () => {
    const { run_id } = stored();
    writeFileSync(sharedPaths(workspace).usage, 'not a directory');
    expect(await idsOf()).toEqual([run_id]);
  });
});

describe('a run that is not in the log yet', () => {
  async function ending() {
    const record = endedRecord(workspace, NOON);
    await storeActive(host, workspace, record);
    return record;
  }
  const slotOf = (id: string) => existsSync(join(sharedPaths(workspace).active, `${id}.json`));

  it('counts by its slot, and whoever looks logs it', async () => {
    const record = await ending();
    expect(await activeSlots(workspace)).toHaveLength(1);
    await writeRecord(runPaths(workspace, record.run_id), record);
    expect(await idsOf()).toEqual([record.run_id]);
    expect(slotOf(record.run_id)).toBe(false);
    rmSync(runPaths(workspace, record.run_id).dir, { recursive: true });
    expect(await idsOf()).toEqual([record.run_id]);
  });

  it('keeps its slot as long as it cannot be logged, and is not active', async () => {
    const record = await ending();
    await writeRecord(runPaths(workspace, record.run_id), record);
    writeFileSync(sharedPaths(workspace).usage, 'not a directory');
    expect(await activeSlots(workspace)).toEqual([]);
    expect(slotOf(record.run_id)).toBe(true);
    expect(await idsOf()).toEqual([record.run_id]);
    rmSync(sharedPaths(workspace).usage);
    expect(await activeSlots(workspace)).toEqual([]);
    expect(slotOf(record.run_id)).toBe(false);
    expect(await idsOf()).toEqual([record.run_id]);
  });

  it('is active until it has ended', async () => {
    const record = await ending();
    const { active, ended } = await readUsage(workspace, DAY, DAY);
    expect(ended).toEqual([]);
    expect(active).toMatchObject([{ run_id: record.run_id, state: 'running', complete: false }]);
  });
});
