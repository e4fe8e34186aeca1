import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isoTime, sleep, systemClock } from '../core/clock.ts';
import { CcError, errnoOf } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';
import { ifThereSync } from '../core/if-there.ts';
import { objectAt, parseJson, stringAt } from '../core/json.ts';
import { isAlive, type ProcessIdentity, selfIdentity } from '../proc/identity.ts';
import { lacksHardLinks, makePrivateDirSync, PRIVATE_FILE } from './atomic.ts';
import { SCHEMA_VERSION } from './versions.ts';

/** Who holds, or held, a lease. The epoch is a fencing token: it only ever grows. */
export type LeaseRecord = {
  schema_version: number;
  epoch: number;
  nonce: string;
  holder: ProcessIdentity;
  since: string;
  released: boolean;
};

/** What an epoch file holds; it never changes after its creation. */
type EpochRecord = Omit<LeaseRecord, 'released'>;

const FILE = /^epoch-(\d{8,15})\.json$/;
/** How long an epoch file without content is taken for one that is being written. */
const BIRTH_MS = 2000;

/**
 * Exclusive ownership of a directory, held by a process and not by a file that somebody must delete.
 *
 * Every taking creates `epoch-<n+1>.json`, complete and atomically, by a hard link; the highest epoch
 * owns. A holder that died simply loses to the next taker, so there is no stale lock to break and no
 * race in breaking it. Old epochs are removed; a taker that was asleep meanwhile finds that its own
 * epoch is not the highest and gives up.
 */
export class Lease {
  readonly epoch: number;
  readonly #directory: string;
  readonly #nonce: string;
  /** Our own epoch file and what it was when it was last read, and that of the next taker. */
  readonly #own: string;
  readonly #next: string;
  #seen: { ino: number; mtimeMs: number } | undefined;

  private constructor(directory: string, record: EpochRecord) {
    this.#directory = directory;
    this.#nonce = record.nonce;
    this.epoch = record.epoch;
    this.#own = epochPath(directory, record.epoch);
    this.#next = epochPath(directory, record.epoch + 1);
  }

  /** The lease, or the record of the living holder. `isUp` decides what counts as living. */
  static tryAcquire(
    directory: string,
    isUp: (holder: ProcessIdentity) => boolean = isAlive,
  ): Lease | LeaseRecord {
    makePrivateDirSync(directory);
    for (;;) {
      const top = topLease(directory);
      if (top !== undefined && !top.released && (isUnborn(top) || isUp(top.holder))) return top;
      const record = {
        schema_version: SCHEMA_VERSION,
        epoch: (top?.epoch ?? 0) + 1,
        nonce: randomBase32(8),
        holder: selfIdentity(),
        since: isoTime(systemClock.now()),
      };
      if (!createEpoch(directory, record)) continue;
      const lease = new Lease(directory, record);
      if (!lease.isHeld()) continue;
      prune(directory, record.epoch);
      return lease;
    }
  }

  /** False once somebody has taken over; whoever finds out must stop writing at once. */
  isHeld(): boolean {
    // Asked before every write. Takers come one epoch after another and remove ours with the second,
    // so while our file is still that very file and the next one is not there, nothing has changed.
    const own = statSync(this.#own, { throwIfNoEntry: false });
    if (own === undefined || existsSync(this.#next)) return false;
    if (own.ino === this.#seen?.ino && own.mtimeMs === this.#seen.mtimeMs) return true;
    const top = topLease(this.#directory);
    const isOurs = top?.epoch === this.epoch && top.nonce === this.#nonce;
    this.#seen = isOurs ? { ino: own.ino, mtimeMs: own.mtimeMs } : undefined;
    return isOurs;
  }

  release(): void {
    if (this.isHeld()) writeFileSync(releasedPath(this.#directory, this.epoch), '');
  }
}

/** The record that owns the directory now, released or not; undefined when it was never taken. */
export function topLease(directory: string): LeaseRecord | undefined {
  for (;;) {
    const epoch = Math.max(0, ...epochsIn(directory));
    if (epoch === 0) return undefined;
    const text = readText(epochPath(directory, epoch));
    if (text === undefined) continue; // pruned meanwhile, so there is a higher one
    const record = parseRecord(text);
    const released = existsSync(releasedPath(directory, epoch));
    return record === undefined ? unborn(directory, epoch) : { ...record, released };
  }
}

/** Between two looks: short at first, and longer the longer somebody else has had it. */
const LOOK_MS = { least: 5, spread: 20, most: 250, share: 0.1 };

/**
 * Runs `work` while holding a lease, and waits up to `timeoutMs` for it (Infinity: for as long as its
 * holder lives). Throws BUSY when that was too short and CANCELLED when `signal` aborts first; work that
 * has begun is not interrupted.
 */
export async function withLease<T>(
  directory: string,
  timeoutMs: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    if (signal?.aborted) throw new CcError('CANCELLED', 'It was stopped while it waited.');
    const lease = Lease.tryAcquire(directory);
    if (lease instanceof Lease) {
      try {
        return await work();
      } finally {
        lease.release();
      }
    }
    const waited = performance.now() - began;
    if (waited > timeoutMs) {
      throw new CcError('BUSY', `Process ${lease.holder.pid} has held ${directory} for too long.`, {
        hint: 'Call again. If it stays, look at that process.',
        retryable: true,
        details: { pid: lease.holder.pid, since: lease.since },
      });
    }
    const { least, spread, most, share } = LOOK_MS;
    await sleep(least + Math.random() * Math.max(spread, Math.min(most, waited * share)), signal);
  }
}

function createEpoch(directory: string, record: EpochRecord): boolean {
  const target = epochPath(directory, record.epoch);
  const temporary = join(directory, `.${record.nonce}.tmp`);
  writeFileSync(temporary, JSON.stringify(record), { mode: PRIVATE_FILE });
  try {
    linkSync(temporary, target);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (!lacksHardLinks(error)) throw error;
    return createWithoutLinks(target, record);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** File systems without hard links (exFAT, some network mounts): exclusive creation, then content. */
function createWithoutLinks(target: string, record: EpochRecord): boolean {
  try {
    writeFileSync(target, JSON.stringify(record), { flag: 'wx', mode: PRIVATE_FILE });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function readText(path: string): string | undefined {
  return ifThereSync(() => readFileSync(path, 'utf8'));
}

function parseRecord(text: string): EpochRecord | undefined {
  const value = parseJson(text);
  const complete = objectAt(value, 'holder') !== undefined && stringAt(value, 'nonce');
  return complete ? (value as EpochRecord) : undefined;
}

/**
 * Only creation without hard links can be caught half-done. Its process believes to own the epoch as
 * soon as the content is there, so it must be waited for; when nothing comes, it died.
 */
function unborn(directory: string, epoch: number): LeaseRecord {
  const holder = { pid: 0, start: '', boot: '' };
  const stat = statSync(epochPath(directory, epoch), { throwIfNoEntry: false });
  const released = stat === undefined || Math.abs(Date.now() - stat.mtimeMs) > BIRTH_MS;
  return { schema_version: SCHEMA_VERSION, epoch, nonce: '', holder, since: '', released };
}

function isUnborn(record: LeaseRecord): boolean {
  return record.nonce === '';
}

function prune(directory: string, epoch: number): void {
  for (const old of epochsIn(directory)) {
    if (old >= epoch - 1) continue;
    rmSync(epochPath(directory, old), { force: true });
    rmSync(releasedPath(directory, old), { force: true });
  }
}

function epochsIn(directory: string): number[] {
  const names = ifThereSync(() => readdirSync(directory)) ?? [];
  return names.flatMap((name) => {
    const match = FILE.exec(name);
    return match?.[1] === undefined ? [] : [Number(match[1])];
  });
}

function epochPath(directory: string, epoch: number): string {
  return join(directory, `epoch-${String(epoch).padStart(8, '0')}.json`);
}

function releasedPath(directory: string, epoch: number): string {
  return join(directory, `released-${String(epoch).padStart(8, '0')}`);
}
