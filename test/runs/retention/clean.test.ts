import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { rememberKey, runOfKey } from '../../../src/runs/keys.ts';
import { lastRunId, rememberLast } from '../../../src/runs/last.ts';
import { NOTHING_SPENT } from '../../../src/runs/limits.ts';
import type { Lineage, RunRecord } from '../../../src/runs/record.ts';
import { cataloguePath } from '../../../src/runs/retention/catalogue.ts';
import { clean, previewCleaning } from '../../../src/runs/retention/clean.ts';
import type { Limits } from '../../../src/runs/retention/select.ts';
import { tidyWorkspace } from '../../../src/runs/retention/tidy.ts';
import { runIds } from '../../../src/runs/run-ids.ts';
import { logUsage } from '../../../src/runs/usage/log.ts';
import { readUsage } from '../../../src/runs/usage/read.ts';
import { Lease } from '../../../src/store/lease.ts';
import { privateRunPaths } from '../../../src/workspace/home.ts';
import type { Host } from '../../../src/workspace/host.ts';
import {
  managedDir,
  runPaths,
  sharedPaths,
  type Workspace,
} from '../../../src/workspace/layout.ts';
import { bundle } from '../../support/bundle.ts';
import { endedRecord, storeActive, storeRecord, userWithProject } from '../../support/history.ts';
import { eventually, startFixture } from '../../support/processes.ts';
import { scratch } from '../../support/scratch.ts';

const GROUND = await bundle(['runs/retention/clean', 'workspace/home', 'workspace/layout']);
const DAY_MS = 86_400_000;
const LIMITS: Limits = { days: 30, max_runs: null, max_bytes: null, keep_newest: 0 };

let dir: string;
let host: Host;
let workspace: Workspace;

beforeEach(async () => {
  dir = scratch();
  ({ host, workspace } = await userWithProject(dir));
});

/** An ended run with everything a run leaves behind; `session` is that of an earlier run. */
function stored(daysAgo: number, change: Partial<RunRecord> = {}, session?: string): RunRecord {
  const record = endedRecord(workspace, new Date(Date.now() - daysAgo * DAY_MS), change);
  const config_dir = join(host.home.sessions, session ?? record.run_id);
  const withSession = { ...record, worker: { ...record.worker, config_dir, ...change.worker } };
  storeRecord(workspace, withSession);
  for (const path of [privateRunPaths(host.home, record.run_id).dir, config_dir]) {
    mkdirSync(join(path, 'below'), { recursive: true });
    writeFileSync(join(path, 'below', 'file'), 'x'.repeat(1000));
  }
  return withSession;
}

/** What is left of a run. */
function partsOf({ run_id }: RunRecord): string[] {
  const parts = {
    run: runPaths(workspace, run_id).dir,
    private: privateRunPaths(host.home, run_id).dir,
    session: join(host.home.sessions, run_id),
  };
  return Object.entries(parts).flatMap(([name, path]) => (existsSync(path) ? [name] : []));
}

const ALL = ['run', 'private', 'session'];
const cleanNow = (limits: Partial<Limits> = {}) =>
  clean(host, workspace, { ...LIMITS, ...limits }, () => false);

describe('cleaning', () => {
  it('removes every part of an old run, keeps the others, and says what it did', async () => {
    const [old, recent] = [stored(31), stored(29)];
    const preview = await previewCleaning(host, workspace, LIMITS);
    expect(partsOf(old)).toEqual(ALL);
    const done = await cleanNow();
    expect(done).toEqual(preview);
    expect(done.remove).toMatchObject([{ run_id: old.run_id, reason: 'ended 31 days ago' }]);
    expect(done.remove[0]?.bytes).toBeGreaterThan(2000);
    expect(partsOf(old)).toEqual([]);
    expect(partsOf(recent)).toEqual(ALL);
    expect(readdirSync(host.home.trash)).toEqual([]);
    expect(readdirSync(managedDir(workspace, 'tmp'))).toEqual([]);
    expect((await cleanNow()).remove).toEqual([]);
  });

  it('leaves what was used in the summary', async () => {
    const old = stored(31);
    const day = old.ended?.slice(0, 10) ?? '';
    await logUsage(workspace, old);
    const before = await readUsage(workspace, day, day);
    expect(before.ended).toHaveLength(1);
    await cleanNow();
    expect(await readUsage(workspace, day, day)).toEqual(before);
  });

  it('keeps a session until no kept run refers to it', async () => {
    const first = stored(40);
    const second = stored(10, {}, first.run_id);
    await cleanNow();
    expect(partsOf(first)).toEqual(['session']);
    expect(partsOf(second)).toEqual(['run', 'private']);
    await cleanNow({ days: 5 });
    expect(partsOf(first)).toEqual([]);
    expect(partsOf(second)).toEqual([]);
  });

  it('never touches a run that goes on, nor what its task began with', async () => {
    const first = stored(60);
    const other = stored(60);
    const lineage: Lineage = {
      root: first.run_id,
      parent: first.run_id,
      index: 1,
      kind: 'resume',
      spent: NOTHING_SPENT,
    };
    const active = endedRecord(workspace, new Date(Date.now() - 50 * DAY_MS));
    await storeActive(host, workspace, { ...active, lineage });
    await cleanNow({ max_runs: 1, max_bytes: 1_000_000 });
    expect(partsOf(first)).toEqual(ALL);
    expect(partsOf(other)).toEqual([]);
    expect(existsSync(runPaths(workspace, active.run_id).metadata)).toBe(true);
  });

  it('keeps a run that is not in the usage log yet', async () => {
    const old = stored(31);
    const { outcome: _outcome, ...running } = old;
    await storeActive(host, workspace, running);
    writeFileSync(runPaths(workspace, old.run_id).metadata, JSON.stringify(old));
    writeFileSync(sharedPaths(workspace).usage, 'not a directory');
    expect((await cleanNow()).remove).toEqual([]);
    rmSync(sharedPaths(workspace).usage);
    expect((await cleanNow()).remove).toHaveLength(1);
    expect((await readUsage(workspace, '2000-01-01', '2999-12-31')).ended).toHaveLength(1);
  });

  it('removes nothing outside our own directories, whatever a record says', async () => {
    const precious = join(dir, 'precious');
    mkdirSync(precious);
    const { sessions } = host.home;
    const evil = [precious, `${sessions}/..`, `${sessions}/.`, sessions];
    for (const config_dir of evil) {
      const record = endedRecord(workspace, new Date(Date.now() - 40 * DAY_MS));
      storeRecord(workspace, { ...record, worker: { ...record.worker, config_dir } });
    }
    const kept = stored(1);
    expect((await cleanNow()).remove).toHaveLength(4);
    expect(existsSync(precious)).toBe(true);
    expect(partsOf(kept)).toEqual(ALL);
  });

  it('leaves records alone that it cannot read, and runs that have not ended', async () => {
    const [broken, lost] = [stored(99), stored(99, { state: 'lost' })];
    writeFileSync(runPaths(workspace, broken.run_id).metadata, '{"torn');
    expect((await cleanNow()).remove).toEqual([]);
    expect(partsOf(broken)).toEqual(ALL);
    expect(partsOf(lost)).toEqual(ALL);
  });

  it('removes what a launcher left that died before it wrote a record', async () => {
    const [old, fresh] = [stored(3), stored(0)];
    for (const { run_id } of [old, fresh]) rmSync(runPaths(workspace, run_id).metadata);
    const { dir: oldDir } = runPaths(workspace, old.run_id);
    const then = new Date(Date.now() - 2 * DAY_MS);
    utimesSync(oldDir, then, then);
    expect((await cleanNow()).remove).toMatchObject([
      { run_id: old.run_id, reason: 'never started' },
    ]);
    expect(partsOf(old)).toEqual(['session']);
    expect(partsOf(fresh)).toEqual(ALL);
  });

  it('forgets keys and last runs of what is gone, and only of that', async () => {
    const old = stored(31, { idempotency_key: 'old', thread_id: 'thread-old' });
    const recent = stored(1, { idempotency_key: 'recent', thread_id: 'thread-recent' });
    for (const record of [recent, old]) {
      await rememberKey(workspace, record);
      await rememberLast(workspace, record);
    }
    await cleanNow();
    expect(await runOfKey(workspace, 'old')).toBeUndefined();
    expect((await runOfKey(workspace, 'recent'))?.run_id).toBe(recent.run_id);
    expect(await lastRunId(workspace, 'thread-old')).toBeUndefined();
    expect(await lastRunId(workspace, 'thread-recent')).toEqual({
      runId: recent.run_id,
      of: 'thread',
    });
    expect(readdirSync(sharedPaths(workspace).keys)).toHaveLength(1);
  });

  it('removes leftovers that are old, and all that is left of removed runs', async () => {
    const tmp = managedDir(workspace, 'tmp');
    const put = (directory: string, name: string, daysAgo: number) => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, name), '0123456789');
      const then = new Date(Date.now() - daysAgo * DAY_MS);
      utimesSync(join(directory, name), then, then);
    };
    put(tmp, 'forgotten', 2);
    put(tmp, 'in-use', 0);
    put(tmp, 'removed-abc', 0);
    put(host.home.spilled, 'old.json', 8);
    put(host.home.spilled, 'recent.json', 6);
    put(host.home.trash, 'removed-abc', 0);
    const { leftovers } = await previewCleaning(host, workspace, LIMITS);
    expect(leftovers.map(({ bytes }) => bytes)).toEqual([10, 10, 10, 10]);
    expect((await cleanNow()).leftovers).toEqual(leftovers);
    expect(readdirSync(tmp)).toEqual(['in-use']);
    expect(readdirSync(host.home.spilled)).toEqual(['recent.json']);
    expect(readdirSync(host.home.trash)).toEqual([]);
  });

  it('removes what a killed process was writing, never what lives or is not ours', async () => {
    const { keys, active } = sharedPaths(workspace);
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const put = (directory: string, name: string, daysAgo: number) => {
      mkdirSync(directory, { recursive: true });
      const path = join(directory, name);
      writeFileSync(path, '0123456789');
      const then = new Date(Date.now() - daysAgo * DAY_MS);
      utimesSync(path, then, then);
      return path;
    };
    const ours = `.a.json.${gone}.abcdefgh.tmp`;
    const left = [
      put(keys, ours, 2),
      put(join(managedDir(workspace, 'workflows'), 'a', 'commands', 'b'), ours, 2),
      put(join(managedDir(workspace, 'runs'), 'a', 'verification'), ours, 2),
      put(host.home.root, ours, 2),
      put(join(host.home.runs, 'a', 'messages'), ours, 2),
    ];
    const kept = [
      put(active, ours, 0),
      put(active, `.a.json.${process.pid}.abcdefgh.tmp`, 2),
      put(active, `.a.json.${gone}.tmp`, 2),
      put(active, `a.json.${gone}.abcdefgh.tmp`, 2),
      put(join(host.home.sessions, 'a'), ours, 2),
      put(join(host.home.worktrees, 'a', 'project'), ours, 2),
    ];
    const { leftovers } = await previewCleaning(host, workspace, LIMITS);
    expect(leftovers.map(({ path }) => path).sort()).toEqual([...left].sort());
    await cleanNow();
    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect(kept.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('stops when the time is up, and goes on next time', async () => {
    for (let count = 0; count < 60; count += 1) stored(40);
    let looked = 0;
    const first = await clean(host, workspace, LIMITS, () => {
      looked += 1;
      return looked > 1;
    });
    expect(first.remove.length).toBeGreaterThan(0);
    expect(first.left).toBe(60 - first.remove.length);
    expect(first.kept.runs).toBe(first.left);
    expect((await cleanNow()).remove).toHaveLength(first.left);
  });

  it('is done by one process at a time', async () => {
    const lease = Lease.tryAcquire(join(sharedPaths(workspace).retention, 'lease'));
    await expect(cleanNow()).rejects.toMatchObject({ code: 'BUSY', retryable: true });
    if (lease instanceof Lease) lease.release();
    expect((await cleanNow()).remove).toEqual([]);
  });

  it('leaves every run whole or gone when it is killed in the middle, and can be repeated', async () => {
    const keep = stored(0);
    const movedParts = () =>
      [host.home.trash, managedDir(workspace, 'tmp')].flatMap((path) =>
        existsSync(path) ? readdirSync(path) : [],
      ).length;
    const usage = async () => (await readUsage(workspace, '2000-01-01', '2999-12-31')).ended.length;
    for (let round = 0; round < 6; round += 1) {
      const runs = Array.from({ length: 40 }, () => stored(40));
      for (const record of runs) await logUsage(workspace, record);
      const before = await usage();
      const cleaner = startFixture('cleaner', [GROUND, dir, workspace.root]);
      await cleaner.next();
      // What is moved away may be gone before anybody looks.
      const left = () => readdirSync(managedDir(workspace, 'runs')).length;
      await eventually('something is moved away', () => movedParts() > 0 || left() <= runs.length);
      await sleep(round * 3);
      await cleaner.kill();
      for (const id of await runIds(workspace)) {
        expect(JSON.parse(readFileSync(runPaths(workspace, id).metadata, 'utf8')).run_id).toBe(id);
      }
      await cleanNow();
      expect(await runIds(workspace)).toEqual([keep.run_id]);
      expect(readdirSync(host.home.runs)).toEqual([keep.run_id]);
      expect(readdirSync(host.home.sessions)).toEqual([keep.run_id]);
      expect(readdirSync(host.home.trash)).toEqual([]);
      expect(await usage()).toBe(before);
    }
  });
});

describe('tidying up', () => {
  it('keeps to the policy by itself, at most once an hour', async () => {
    writeFileSync(host.home.policy, 'retention: {days: 3, keep_newest: 1}\n');
    const [old, newest] = [stored(5), stored(4)];
    await tidyWorkspace(host, workspace);
    expect(partsOf(old)).toEqual([]);
    expect(partsOf(newest)).toEqual(ALL);
    const next = stored(4);
    await tidyWorkspace(host, workspace);
    expect(partsOf(newest)).toEqual(ALL);
    const anHourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(cataloguePath(workspace), anHourAgo, anHourAgo);
    await tidyWorkspace(host, workspace);
    expect(partsOf(newest)).toEqual([]);
    expect(partsOf(next)).toEqual(ALL);
  });

  it('keeps thirty days and the newest twenty runs when nobody says anything else', async () => {
    const runs = Array.from({ length: 22 }, (_, at) => stored(100 - at));
    await tidyWorkspace(host, workspace);
    expect(runs.map((run) => partsOf(run).length)).toEqual([0, 0, ...Array(20).fill(3)]);
  });

  it('harms nobody when the policy cannot be read', async () => {
    writeFileSync(host.home.policy, 'retention: {days: never}\n');
    const old = stored(100);
    await tidyWorkspace(host, workspace);
    expect(partsOf(old)).toEqual(ALL);
  });
});
