import { join } from 'node:path';
import * as z from 'zod';
import type { FailureClass } from '../core/vocabulary.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { UserHome } from '../workspace/home.ts';
import { cooldownEnd, cooldownScope } from './failures.ts';
import { type FailureEntry, failureEntry, type Health, quotaEntry } from './health.ts';
import { type AccountHolder, accountKey, routeKey } from './keys.ts';

const TURN_MS = 5000;
/** An entry nobody asked about for so long after its end is forgotten. */
const KEEP_MS = 14 * 24 * 3_600_000;
const MAX_ENTRIES = 1000;

const file = z.object({
  schema_version: z.number(),
  failures: z.array(z.unknown()),
  quotas: z.array(z.unknown()).default([]),
});

/** Cooldowns and limit windows of this user, for all projects. Read without a lock. */
export async function readHealth(home: UserHome): Promise<Health> {
  const value = await readJson(healthFile(home)).catch(() => undefined);
  const parsed = file.safeParse(value).data;
  return {
    failures: (parsed?.failures ?? []).flatMap((item) => failureEntry.safeParse(item).data ?? []),
    quotas: (parsed?.quotas ?? []).flatMap((item) => quotaEntry.safeParse(item).data ?? []),
  };
}

export type Failure = {
  profile: AccountHolder;
  model: string;
  class: FailureClass;
  /** When the provider says its limit is over, ms since the epoch. */
  resetsAt?: number | undefined;
  /** The same run is counted once. */
  runId?: string | undefined;
};

/** Puts a model or its whole account on cooldown, where the failure is of a kind that asks for it. */
export async function recordFailure(home: UserHome, failure: Failure, now: number): Promise<void> {
  const scope = cooldownScope(failure.class);
  if (scope === undefined) return;
  const key = keyOf(failure, scope);
  await change(home, now, ({ failures, quotas }) => {
    const isSame = (entry: FailureEntry) => entry.scope === scope && entry.key === key;
    const before = failures.find(isSame);
    if (before?.run_id !== undefined && before.run_id === failure.runId) return undefined;
    const count = before?.class === failure.class ? before.count + 1 : 1;
    const end = cooldownEnd(failure.class, count, now, failure.resetsAt);
    const entry: FailureEntry = {
      scope,
      key,
      class: failure.class,
      count,
      since: now,
      // Two failures at once never shorten each other.
      until: Math.max(end, before?.until ?? 0),
      ...(failure.runId === undefined ? {} : { run_id: failure.runId }),
    };
    return { failures: [...failures.filter((other) => !isSame(other)), entry], quotas };
  });
}

/** Something worked: account and model are healthy again. `began` is when it was started, in ms. */
export async function recordSuccess(
  home: UserHome,
  route: Pick<Failure, 'profile' | 'model'>,
  began: number,
  now: number,
): Promise<void> {
  const keys = [keyOf(route, 'account'), keyOf(route, 'model')];
  const mayClear = (entry: FailureEntry) => keys.includes(entry.key) && entry.since <= began;
  // Nearly always there is nothing to clear, and no lease is needed to see that.
  if (!(await readHealth(home)).failures.some(mayClear)) return;
  await change(home, now, ({ failures, quotas }) => ({
    failures: failures.filter((entry) => !mayClear(entry)),
    quotas,
  }));
}

/** A trial nobody has ended (its run and its supervisor are gone) is over after so long. */
const TRIAL_MS = 30 * 60_000;

/**
 * Lets one run try what is half open. False where another one is at it; true also where there is nothing
 * to try, because it is healthy.
 */
export async function claimTrial(
  home: UserHome,
  route: Pick<Failure, 'profile' | 'model'>,
  runId: string,
  now: number,
): Promise<boolean> {
  const keys = [keyOf(route, 'account'), keyOf(route, 'model')];
  const isOpen = (entry: FailureEntry) => keys.includes(entry.key) && entry.until <= now;
  if (!(await readHealth(home)).failures.some(isOpen)) return true;
  let claimed = true;
  await change(home, now, ({ failures, quotas }) => {
    const own = failures.filter(isOpen);
    claimed = own.every(({ trial }) => trial === undefined || trial.until <= now);
    if (!claimed || own.length === 0) return undefined;
    const trial = { run_id: runId, until: now + TRIAL_MS };
    return {
      failures: failures.map((entry) => (isOpen(entry) ? { ...entry, trial } : entry)),
      quotas,
    };
  });
  return claimed;
}

/** The run that tried it has ended, or never began: whatever came of it is recorded by now. */
export async function endTrial(home: UserHome, runId: string, now: number): Promise<void> {
  const isIts = ({ trial }: FailureEntry) => trial?.run_id === runId;
  if (!(await readHealth(home)).failures.some(isIts)) return;
  await change(home, now, ({ failures, quotas }) => ({
    failures: failures.map((entry) => {
      if (!isIts(entry)) return entry;
      const { trial: _over, ...rest } = entry;
      return rest;
    }),
    quotas,
  }));
}

export async function recordQuota(
  home: UserHome,
  profile: AccountHolder,
  quota: { used: number; resetsAt: number },
  now: number,
): Promise<void> {
  const key = accountKey(profile);
  await change(home, now, ({ failures, quotas }) => ({
    failures,
    quotas: [
      ...quotas.filter((entry) => entry.key !== key),
      { key, used: quota.used, resets_at: quota.resetsAt },
    ],
  }));
}

function keyOf({ profile, model }: Pick<Failure, 'profile' | 'model'>, scope: 'account' | 'model') {
  return scope === 'account' ? accountKey(profile) : routeKey({ profile: profile.id, model });
}

async function change(
  home: UserHome,
  now: number,
  work: (before: Health) => Health | undefined,
): Promise<void> {
  await makePrivateDir(home.routing);
  await withLease(join(home.routing, 'health-lease'), TURN_MS, async () => {
    const after = work(await readHealth(home));
    if (after === undefined) return;
    await writeJsonAtomic(healthFile(home), {
      schema_version: SCHEMA_VERSION,
      failures: after.failures.filter(({ until }) => until > now - KEEP_MS).slice(-MAX_ENTRIES),
      quotas: after.quotas.filter(({ resets_at }) => resets_at > now).slice(-MAX_ENTRIES),
    });
  });
}

function healthFile(home: UserHome): string {
  return join(home.routing, 'health.json');
}
