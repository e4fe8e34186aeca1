import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { archiveRuns, previewArchiving } from '../../../src/runs/archive/archive.ts';
import { archivePath, leavingPath, privateArchivePath } from '../../../src/runs/archive/places.ts';
import { restoreRun } from '../../../src/runs/archive/restore.ts';
import { findRun } from '../../../src/runs/find.ts';
import { NOTHING_SPENT } from '../../../src/runs/limits.ts';
import type { RunRecord } from '../../../src/runs/record.ts';
import { clean } from '../../../src/runs/retention/clean.ts';
import { runIds } from '../../../src/runs/run-ids.ts';
import { usageLog } from '../../../src/runs/usage/log.ts';
import { readUsage } from '../../../src/runs/usage/read.ts';
import { privateRunPaths } from '../../../src/workspace/home.ts';
import type { Host } from '../../../src/workspace/host.ts';
import { managedDir, runPaths, type Workspace } from '../../../src/workspace/layout.ts';
import { bundle } from '../../support/bundle.ts';
import { endedRecord, storeActive, storeRecord, userWithProject } from '../../support/history.ts';
import { eventually, killedAtEveryStep, startFixture } from '../../support/processes.ts';
import { scratch } from '../../support/scratch.ts';

const GROUND = await bundle([
  'runs/archive/archive',
  'runs/archive/restore',
  'workspace/home',
  'workspace/layout',
]);
const DAY_MS = 86_400_000;
const OLD = { olderThanDays: 30 };

let dir: string;
let host: Host;
let workspace: Workspace;

beforeEach(async () => {
  dir = scratch();
  ({ host, workspace } = await userWithProject(dir));
});

/** An ended run with everything a run leaves behind, and names that tar finds hard. */
function stored(daysAgo: number, change: Partial<RunRecord> = {}, session?: string): RunRecord {
  const record = endedRecord(workspace, new Date(Date.now() - daysAgo * DAY_MS), change);
  const config_dir = join(host.home.sessions, session ?? record.run_id);
  const withSession = { ...record, worker: { ...record.worker, config_dir } };
  storeRecord(workspace, withSession);
  const { dir: run } = runPaths(workspace, record.run_id);
  for (const path of [run, privateRunPaths(host.home, record.run_id).dir, config_dir]) {
    const deep = join(path, 'x'.repeat(90), 'Übergröße 文件', 'y'.repeat(90));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'file'), `of ${path}`);
    writeFileSync(join(path, 'empty'), '');
    writeFileSync(join(path, 'block'), 'b'.repeat(512));
    writeFileSync(join(path, 'read-only'), 'r', { mode: 0o444 });
    rmSync(join(path, 'link'), { force: true });
    symlinkSync(`../${'z'.repeat(150)}`, join(path, 'link'));
  }
  return withSession;
}

/** Every path of a run with what it is, by place. */
function everythingOf({ run_id }: RunRecord): Record<string, string> {
  const places = {
    run: runPaths(workspace, run_id).dir,
    private: privateRunPaths(host.home, run_id).dir,
    session: join(host.home.sessions, run_id),
  };
  const all: Record<string, string> = {};
  for (const [name, top] of Object.entries(places)) {
    if (!existsSync(top)) continue;
    for (const child of readdirSync(top, { recursive: true, encoding: 'utf8' })) {
      const path = join(top, child);
      const stat = lstatSync(path);
      const what = stat.isSymbolicLink()
        ? readlinkSync(path)
        : stat.isFile()
          ? `${(stat.mode & 0o777).toString(8)} ${readFileSync(path, 'utf8')}`
          : 'directory';
      all[join(name, child)] = what;
    }
  }
  return all;
}

const archiveNow = () => archiveRuns(host, workspace, OLD, () => false);
const usageNow = async () => (await readUsage(workspace, '2000-01-01', '2999-12-31')).ended;

describe('archiving', () => {
  it('packs old runs, private parts in the home, and brings back every byte', async () => {
    const [old, recent] = [stored(31), stored(29)];
    const before = everythingOf(old);
    const preview = await previewArchiving(host, workspace, OLD);
    expect(preview).toMatchObject([{ run_id: old.run_id }]);
    expect(everythingOf(old)).toEqual(before);
    const { runs, left } = await archiveNow();
    expect(left).toBe(0);
    expect(runs).toMatchObject([{ ...preview[0], archive: archivePath(workspace, old.run_id) }]);
    expect(everythingOf(old)).toEqual({});
    expect(await runIds(workspace)).toEqual([recent.run_id]);
    for (const path of [runs[0]?.archive ?? '', privateArchivePath(host.home, old.run_id)]) {
      expect(lstatSync(path).mode & 0o777).toBe(0o600);
    }
    expect((await archiveNow()).runs).toEqual([]);
    await restoreRun(host, workspace, old.run_id);
    expect(everythingOf(old)).toEqual(before);
  });

  it('writes what tar reads, with nothing of the private store in it', async () => {
    const old = stored(31);
    const { dir: run } = runPaths(workspace, old.run_id);
    const before = everythingOf(old);
    await archiveNow();
    const path = archivePath(workspace, old.run_id);
    expect(execFileSync('tar', ['tzf', path], { encoding: 'utf8' })).not.toContain('session');
    execFileSync('tar', ['xzf', path, '-C', dirname(run)]);
    const runOnly = Object.entries(before).filter(([name]) => name.startsWith('run/'));
    expect(everythingOf(old)).toEqual(Object.fromEntries(runOnly));
  });

  it('leaves usage as it was, also where the log was not there', async () => {
    for (const days of [40, 50]) stored(days);
    const before = await usageNow();
    expect(before).toHaveLength(2);
    rmSync(dirname(usageLog(workspace).days), { recursive: true });
    await archiveNow();
    expect(await usageNow()).toEqual(before);
  });

  it('never archives a run that goes on, nor what its task began with', async () => {
    const first = stored(60);
    const lineage = {
      root: first.run_id,
      parent: first.run_id,
      index: 1,
      kind: 'resume' as const,
      spent: NOTHING_SPENT,
    };
    const active = endedRecord(workspace, new Date(Date.now() - 50 * DAY_MS));
    await storeActive(host, workspace, { ...active, lineage });
    expect((await archiveNow()).runs).toEqual([]);
    for (const { run_id } of [first, active]) {
      await expect(
        archiveRuns(host, workspace, { runIds: [run_id] }, () => false),
      ).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    }
    expect(Object.keys(everythingOf(first)).length).toBeGreaterThan(10);
  });

  it('keeps a session in which a later run went on, until that goes too', async () => {
    const first = stored(40);
    const second = stored(10, {}, first.run_id);
    await archiveNow();
    expect(existsSync(join(host.home.sessions, first.run_id))).toBe(true);
    await archiveRuns(host, workspace, { runIds: [second.run_id] }, () => false);
    expect(existsSync(join(host.home.sessions, first.run_id))).toBe(false);
    await restoreRun(host, workspace, second.run_id);
    expect(existsSync(join(host.home.sessions, first.run_id, 'block'))).toBe(true);
  });

  it('tells whoever looks for an archived run how to get it', async () => {
    const old = stored(31);
    await archiveNow();
    await expect(findRun(host, old.run_id, workspace)).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
      hint: expect.stringContaining('restore'),
    });
    await expect(restoreRun(host, workspace, stored(1).run_id)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    });
  });

  it('keeps the archive when retention takes a restored run away again', async () => {
    const old = stored(31);
    await archiveNow();
    await restoreRun(host, workspace, old.run_id);
    const limits = { days: 30, max_runs: null, max_bytes: null, keep_newest: 0 };
    expect((await clean(host, workspace, limits, () => false)).remove).toHaveLength(1);
    await restoreRun(host, workspace, old.run_id);
    expect(Object.keys(everythingOf(old)).length).toBeGreaterThan(20);
  });

  it.each([
    ['cut', (path: string) => truncateSync(path, 900)],
    ['not gzip', (path: string) => writeFileSync(path, 'x'.repeat(5000))],
    ['of another run', (path: string) => writeFileSync(path, readFileSync(other))],
  ])('restores nothing from an archive that is %s', async (_, damage) => {
    const [old, second] = [stored(31), stored(32)];
    await archiveNow();
    other = archivePath(workspace, second.run_id);
    damage(archivePath(workspace, old.run_id));
    await expect(restoreRun(host, workspace, old.run_id)).rejects.toThrow();
    expect(await runIds(workspace)).toEqual([]);
    await restoreRun(host, workspace, second.run_id);
    const left = readdirSync(managedDir(workspace, 'runs'));
    expect(left).toEqual([second.run_id]);
  });
  let other = '';

  it('unpacks nothing outside, whatever an archive says', async () => {
    const old = stored(31);
    await archiveNow();
    const evil = join(dir, 'evil');
    mkdirSync(join(evil, old.run_id), { recursive: true });
    writeFileSync(join(evil, 'outside'), 'x');
    const path = archivePath(workspace, old.run_id);
    execFileSync('tar', ['czPf', path, '-C', join(evil, old.run_id), '../outside']);
    await expect(restoreRun(host, workspace, old.run_id)).rejects.toMatchObject({
      code: 'STORAGE_CORRUPT',
    });
    // Through a link that the archive itself brings.
    symlinkSync(join(dir, 'target'), join(evil, old.run_id, 'way'));
    mkdirSync(join(dir, 'target'));
    execFileSync('tar', ['czf', path, '-C', evil, `${old.run_id}/way`]);
    mkdirSync(join(dir, 'second', old.run_id, 'way'), { recursive: true });
    writeFileSync(join(dir, 'second', old.run_id, 'way', 'file'), 'x');
    execFileSync('gunzip', ['-f', path]);
    const tar = path.slice(0, -3);
    execFileSync('tar', ['rf', tar, '-C', join(dir, 'second'), `${old.run_id}/way/file`]);
    execFileSync('gzip', ['-f', tar]);
    await expect(restoreRun(host, workspace, old.run_id)).rejects.toThrow();
    expect(readdirSync(join(dir, 'target'))).toEqual([]);
    expect(await runIds(workspace)).toEqual([]);
  });
});

describe('an archiver that was killed', () => {
  it('leaves a run on its way out that the next one removes, or brings back when it has changed', async () => {
    const [same, changed] = [stored(31), stored(32)];
    const before = [everythingOf(same), everythingOf(changed)];
    await archiveNow();
    for (const { run_id } of [same, changed]) {
      await restoreRun(host, workspace, run_id);
      renameSync(runPaths(workspace, run_id).dir, leavingPath(workspace, run_id));
    }
    appendFileSync(join(leavingPath(workspace, changed.run_id), 'block'), 'more');
    await archiveRuns(host, workspace, { olderThanDays: 3000 }, () => false);
    expect(everythingOf(same)).toEqual({});
    expect(everythingOf(changed)).toEqual({
      ...before[1],
      'run/block': `${before[1]?.['run/block']}more`,
    });
    await restoreRun(host, workspace, same.run_id);
    expect(everythingOf(same)).toEqual(before[0]);
  });

  it('loses nothing and doubles nothing at any moment', async () => {
    const keep = stored(0);
    for (let round = 0; round < 4; round += 1) {
      const runs = Array.from({ length: 8 }, () => stored(40));
      const before = new Map(runs.map((record) => [record.run_id, everythingOf(record)]));
      const usage = (await usageNow()).length;
      const archiver = startFixture('archiver', [GROUND, dir, workspace.root]);
      await archiver.next();
      const archives = managedDir(workspace, 'archives');
      const had = readdirSync(archives).length;
      await eventually('something is archived', () => readdirSync(archives).length > had + round);
      await sleep(round * 2);
      await archiver.kill();
      await archiveNow();
      expect(await runIds(workspace)).toEqual([keep.run_id]);
      expect(readdirSync(managedDir(workspace, 'runs'))).toEqual([keep.run_id]);
      expect((await usageNow()).length).toBe(usage);
      for (const record of runs) {
        await restoreRun(host, workspace, record.run_id);
        expect(everythingOf(record)).toEqual(before.get(record.run_id));
        rmSync(runPaths(workspace, record.run_id).dir, { recursive: true });
        rmSync(privateRunPaths(host.home, record.run_id).dir, { recursive: true });
        rmSync(join(host.home.sessions, record.run_id), { recursive: true });
      }
    }
  });

  it('is told when it cannot write, and the run stays', async () => {
    const old = stored(31);
    const before = everythingOf(old);
    const archives = managedDir(workspace, 'archives');
    rmSync(archives, { recursive: true });
    writeFileSync(archives, 'a file');
    chmodSync(archives, 0o400);
    await expect(archiveNow()).rejects.toThrow();
    expect(everythingOf(old)).toEqual(before);
  });
});

describe('a restore that was killed', () => {
  it('is completed by the next, at whichever change it was; nobody sees a part', async () => {
    const old = stored(31);
    const before = everythingOf(old);
    await archiveNow();
    const archives = [
      archivePath(workspace, old.run_id),
      privateArchivePath(host.home, old.run_id),
    ].map((path) => [path, readFileSync(path, 'hex')] as const);
    const forgetRestored = () => {
      const { dir: run } = runPaths(workspace, old.run_id);
      const session = join(host.home.sessions, old.run_id);
      for (const path of [run, privateRunPaths(host.home, old.run_id).dir, session]) {
        rmSync(path, { recursive: true, force: true });
      }
    };
    let visible = 0;
    const args = [GROUND, dir, workspace.root, old.run_id];
    await killedAtEveryStep('restorer', args, forgetRestored, async (about) => {
      const seen = await runIds(workspace);
      if (seen.length > 0) {
        expect(everythingOf(old), about).toEqual(before);
        visible += 1;
      }
      await restoreRun(host, workspace, old.run_id);
      expect(everythingOf(old), about).toEqual(before);
      expect(readdirSync(managedDir(workspace, 'runs')), about).toEqual([old.run_id]);
      expect(readdirSync(host.home.archives), about).toEqual([`${old.run_id}.tar.gz`]);
      for (const [path, bytes] of archives) expect(readFileSync(path, 'hex')).toBe(bytes);
    });
    // Killed in tidying up: all of it was back already.
    expect(visible).toBeGreaterThan(1);
  }, 120_000);

  it('is not called complete where somebody has written into the run since', async () => {
    const old = stored(31);
    await archiveNow();
    const { dir: run } = runPaths(workspace, old.run_id);
    expect(await restoreRun(host, workspace, old.run_id)).toBe(run);
    expect(await restoreRun(host, workspace, old.run_id)).toBe(run);
    appendFileSync(join(run, 'block'), 'more');
    await expect(restoreRun(host, workspace, old.run_id)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    });
  });
});
