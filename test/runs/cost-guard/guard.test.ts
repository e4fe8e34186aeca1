import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import { type CapsBySubject, readCaps, writeCaps } from '../../../src/runs/cost-guard/caps.ts';
import { CostGuard, type OwnUsage } from '../../../src/runs/cost-guard/guard.ts';
import { limitText } from '../../../src/runs/cost-guard/limits.ts';
import { type RunRecord, writeRecord } from '../../../src/runs/record.ts';
import { logUsage } from '../../../src/runs/usage/log.ts';
import { readJson } from '../../../src/store/atomic.ts';
import type { Host } from '../../../src/workspace/host.ts';
import { runPaths, type Workspace } from '../../../src/workspace/layout.ts';
import {
  endedRecord,
  project,
  setUsage,
  storeActive,
  storeRecord,
  usageOf,
  userWithProject,
} from '../../support/history.ts';
import { scratch } from '../../support/scratch.ts';

const PRICE = {
  input: 10,
  output: 100,
  cache_read: 1,
  cache_write: 20,
  currency: 'USD',
  per: 1_000_000,
  source: 'profile',
};

let time: { now: Date; monotonic: number };
let dir: string;
let host: Host;
let workspace: Workspace;
let own: RunRecord;

beforeEach(async () => {
  dir = scratch();
  time = { now: new Date('2026-11-20T12:00:00.000Z'), monotonic: 0 };
  const clock: Clock = { now: () => time.now, monotonic: () => time.monotonic };
  ({ host, workspace } = await userWithProject(dir, clock));
  own = await active(workspace);
});

async function active(where: Workspace, change: Partial<RunRecord> = {}): Promise<RunRecord> {
  const record = endedRecord(where, time.now, { price: PRICE, ...change });
  return storeActive(host, where, record);
}

const tokens = (input: number, output = 0, cache_read = 0, cache_write = 0) => ({
  'model-a': { input, output, cache_read, cache_write },
});

async function ended(where: Workspace, usage = tokens(1000), at = time.now, usd?: number) {
  const counts = { ...usage['model-a'], ...(usd === undefined ? {} : { usd }) };
  const record = endedRecord(where, at, { price: PRICE }, usageOf({ 'model-a': counts }));
  storeRecord(where, record);
  await logUsage(where, record);
  return record;
}

const setCaps = (all: CapsBySubject) => writeCaps(host.home, all, host.clock);
const later = () => {
  time.monotonic += 1000;
};
const used = (byModel: OwnUsage['byModel'], elapsedMs = 0): OwnUsage => ({ byModel, elapsedMs });

describe('caps on one run', () => {
  it('are none where nobody set any', async () => {
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used(tokens(1e9)))).toEqual([]);
    expect(await guard.verdict(used(tokens(1e9)))).toBeUndefined();
  });

  it('hold for a run that was started before they were set, and cease when they are lifted', async () => {
    const guard = new CostGuard(host, own);
    expect(await guard.verdict(used(tokens(500), 60_000))).toBeUndefined();
    await setCaps({ user: { max_tokens_per_run: 400 } });
    expect(await guard.verdict(used(tokens(500)))).toEqual({
      subject: 'user',
      limit: 'tokens_per_run',
      cap: 400,
      used: 500,
    });
    await setCaps({ user: { max_wall_seconds: 50 } });
    expect(await guard.verdict(used(tokens(500), 60_000))).toMatchObject({ limit: 'wall_seconds' });
    await setCaps({});
    expect(await guard.verdict(used(tokens(500), 60_000))).toBeUndefined();
  });

  it('count a token that is read from a cache a tenth, and USD by the price of the profile', async () => {
    await setCaps({ user: { max_tokens_per_run: 1e9, max_usd_per_run: 1e9 } });
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used(tokens(1000, 200, 500, 30)))).toMatchObject([
      { limit: 'tokens_per_run', used: 1280 },
      { limit: 'usd_per_run', used: 0.0311 },
    ]);
  });

  it('stay as they were while their file cannot be read', async () => {
    await setCaps({ user: { max_tokens_per_run: 400 } });
    const guard = new CostGuard(host, own);
    expect(await guard.verdict(used(tokens(500)))).toBeDefined();
    writeFileSync(host.home.costGuard, '{"caps": torn');
    expect(await guard.verdict(used(tokens(500)))).toBeDefined();
  });
});

describe('caps on a day', () => {
  it('count what ended today, what the others use now, and this run as it knows itself', async () => {
    const other = await active(workspace);
    setUsage(workspace, other, tokens(300));
    setUsage(workspace, own, tokens(7));
    await ended(workspace, tokens(1000));
    await ended(workspace, tokens(50_000), new Date('2026-11-19T23:59:59.000Z'));
    await setCaps({ user: { max_tokens_per_day: 1500 } });
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used(tokens(100)))).toMatchObject([{ used: 1400 }]);
    expect(await guard.verdict(used(tokens(199)))).toBeUndefined();
    expect(await guard.verdict(used(tokens(200)))).toEqual({
      subject: 'user',
      limit: 'tokens_per_day',
      cap: 1500,
      used: 1500,
    });
  });

  it('see within a second what others use and finish, and count each run once', async () => {
    const other = await active(workspace);
    await setCaps({ user: { max_tokens_per_day: 1e6 } });
    const guard = new CostGuard(host, own);
    const total = async () => {
      later();
      return (await guard.limits(used(tokens(1))))[0]?.used;
    };
    expect(await total()).toBe(1);
    setUsage(workspace, other, tokens(300));
    expect(await total()).toBe(301);
    const final = endedRecord(workspace, time.now, {}, usageOf({ 'model-a': { input: 350 } }));
    const record = { ...final, run_id: other.run_id, created: other.created };
    await writeRecord(runPaths(workspace, other.run_id), record);
    expect(await total()).toBe(351);
    await logUsage(workspace, record);
    expect(await total()).toBe(351);
    await ended(workspace, tokens(1000));
    expect(await total()).toBe(1351);
  });

  it('of the user reach over all projects, of a project over this one', async () => {
    const second = await project(host, join(dir, 'second'));
    const busy = await active(second);
    setUsage(second, busy, tokens(200));
    await ended(second, tokens(1000));
    await setCaps({
      user: { max_tokens_per_day: 1e6 },
      [`project:${workspace.root}`]: { max_tokens_per_day: 1e6 },
      [`project:${second.root}`]: { max_tokens_per_day: 1 },
    });
    const limits = await new CostGuard(host, own).limits(used(tokens(10)));
    expect(limits.map((limit) => limit.used)).toEqual([1210, 10]);
  });

  it('notice a project that is new', async () => {
    await setCaps({ user: { max_tokens_per_day: 1e6 } });
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used({}))).toMatchObject([{ used: 0 }]);
    await ended(await project(host, join(dir, 'third')), tokens(70));
    later();
    expect(await guard.limits(used({}))).toMatchObject([{ used: 70 }]);
  });

  it('of a profile or a model count only theirs', async () => {
    const elsewhere = { profile: { id: 'env:other', name: 'other', source: 'environment' } };
    setUsage(workspace, await active(workspace, elsewhere), tokens(300));
    const mixed = endedRecord(
      workspace,
      time.now,
      { model: 'model-b' },
      {
        ...usageOf({ 'model-a': { input: 5 }, 'model-b': { input: 40 } }),
      },
    );
    storeRecord(workspace, mixed);
    await logUsage(workspace, mixed);
    const caps = { max_tokens_per_day: 1e6 };
    await setCaps({
      'profile:env:test': caps,
      'profile:env:other': caps,
      'model:model-a': caps,
      'model:model-b': caps,
    });
    const guard = new CostGuard(host, own);
    const seen = (await guard.limits(used(tokens(1)))).map((limit) => [limit.subject, limit.used]);
    // The declared model of this run is model-a; model-b has not answered in it.
    expect(seen).toEqual([
      ['profile:env:test', 46],
      ['model:model-a', 306],
    ]);
  });

  it('begin anew with the UTC day, with what is active still counting', async () => {
    await ended(workspace, tokens(1000));
    setUsage(workspace, await active(workspace), tokens(30));
    await setCaps({ user: { max_tokens_per_day: 1e6 } });
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used({}))).toMatchObject([{ used: 1030 }]);
    time.now = new Date('2026-11-21T00:00:00.000Z');
    expect(await guard.limits(used({}))).toMatchObject([{ used: 30 }]);
  });

  it('survive a log that is removed meanwhile', async () => {
    await ended(workspace, tokens(1000));
    await setCaps({ user: { max_tokens_per_day: 1e6 } });
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used({}))).toMatchObject([{ used: 1000 }]);
    rmSync(join(workspace.base, 'state', 'usage'), { recursive: true });
    await ended(workspace, tokens(500));
    later();
    expect(await guard.limits(used({}))).toMatchObject([{ used: 1500 }]);
  });
});

describe('an unknown price', () => {
  it('ends a run under a USD cap, unless that is allowed', async () => {
    await setCaps({ user: { max_usd_per_run: 5 } });
    const unpriced = new CostGuard(host, { ...own, price: null });
    const verdict = await unpriced.verdict(used(tokens(1)));
    expect(verdict).toMatchObject({ limit: 'usd_per_run', used: null });
    expect(verdict && limitText(verdict)).toBe('usd per run (user): an unknown amount of 5');
    await setCaps({ user: { max_usd_per_run: 5, allow_unknown_price: true } });
    expect(await unpriced.limits(used(tokens(1)))).toMatchObject([{ used: 0 }]);
  });

  it('does not end a run that has not used anything yet', async () => {
    await setCaps({ user: { max_usd_per_run: 5, max_usd_per_day: 5 } });
    expect(await new CostGuard(host, own).verdict(used({}))).toBeUndefined();
  });

  it('of other work of the day is not taken for nothing', async () => {
    await ended(workspace, tokens(1000), time.now, 0.5);
    await setCaps({ user: { max_usd_per_day: 5 } });
    const guard = new CostGuard(host, own);
    expect(await guard.limits(used(tokens(1000)))).toMatchObject([{ used: 0.51 }]);
    await ended(workspace, tokens(1000));
    later();
    expect(await guard.verdict(used(tokens(1000)))).toMatchObject({
      limit: 'usd_per_day',
      used: null,
    });
  });
});

describe('the file of the caps', () => {
  it('is kept as it was when it is overwritten', async () => {
    await setCaps({ user: { max_concurrent: 2 } });
    await setCaps({ user: { max_concurrent: 3 } });
    expect(await readCaps(host.home)).toEqual({ user: { max_concurrent: 3 } });
    rmSync(host.home.costGuard);
    expect(await readCaps(host.home)).toEqual({});
    const backup = await readJson(`${host.home.costGuard}.bak`);
    expect(backup).toMatchObject({ caps: { user: { max_concurrent: 2 } } });
  });

  it.each([
    ['a cap nobody knows', { schema_version: 1, updated: '', caps: { user: { max_usd: 5 } } }],
    ['a subject nobody knows', { schema_version: 1, updated: '', caps: { team: {} } }],
    [
      'a text for a number',
      { schema_version: 1, updated: '', caps: { user: { max_concurrent: '4' } } },
    ],
    ['nothing of ours', [1, 2]],
  ])('with %s is an error', async (_what, value) => {
    writeFileSync(host.home.costGuard, JSON.stringify(value));
    await expect(readCaps(host.home)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  it('of a newer version is an error, too', async () => {
    writeFileSync(host.home.costGuard, '{"schema_version":99,"caps":{"user":{"new":1}}}');
    await expect(readCaps(host.home)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
  });
});
