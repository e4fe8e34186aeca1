import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { selfIdentity, stateOf } from '../../src/proc/identity.ts';
import { Lease, topLease, withLease } from '../../src/store/lease.ts';
import { bundle } from '../support/bundle.ts';
import { eventually, type Fixture, startFixture } from '../support/processes.ts';
import { scratch } from '../support/scratch.ts';

const GROUND = await bundle(['store/lease']);
const isUp = (holder: Parameters<typeof stateOf>[0]) => stateOf(holder) === 'running';

type Answer = { won: boolean; epoch: number; held: boolean };

async function fighters(count: number): Promise<Fixture[]> {
  const all = Array.from({ length: count }, () => startFixture('lease-holder', [GROUND]));
  for (const one of all) await one.next();
  return all;
}

describe('taking', () => {
  it('is free at first, then mine, then free again', () => {
    const directory = join(scratch(), 'lease');
    expect(topLease(directory)).toBeUndefined();
    const lease = taken(directory);
    expect(lease.epoch).toBe(1);
    expect(lease.isHeld()).toBe(true);
    const top = topLease(directory);
    expect(top).toMatchObject({ epoch: 1, released: false });
    expect(top?.holder).toEqual(selfIdentity());
    lease.release();
    expect(topLease(directory)).toMatchObject({ epoch: 1, released: true });
    expect(taken(directory).epoch).toBe(2);
  });

  it('is refused even to the process that holds it already', () => {
    const directory = scratch();
    taken(directory);
    expect(Lease.tryAcquire(directory)).toMatchObject({ epoch: 1, released: false });
  });

  it('twelve processes, many rounds: always exactly one, epochs only grow', async () => {
    const directory = scratch();
    let crew = await fighters(12);
    let epoch = 0;
    for (let round = 0; round < 24; round += 1) {
      for (const one of crew) one.say(`take ${directory}`);
      const answers = await Promise.all(crew.map((one) => one.next<Answer>()));
      const winners = crew.filter((_, index) => answers[index]?.won);
      expect(winners).toHaveLength(1);
      const won = answers.find((answer) => answer.won);
      expect(won?.held).toBe(true);
      expect(won?.epoch).toBeGreaterThan(epoch);
      // The others were told who owns it, or at least nothing older.
      expect(Math.min(...answers.map((answer) => answer.epoch))).toBeGreaterThan(epoch);
      epoch = won?.epoch ?? 0;
      const [winner] = winners;
      if (round % 4 === 3) {
        await winner?.kill();
        crew = crew.filter((one) => one !== winner);
      } else {
        await winner?.ask('release');
      }
    }
    expect(crew).toHaveLength(6);
    // What was before is cleared away, so that a lease taken for years stays a handful of files.
    expect(readdirSync(directory).length).toBeLessThanOrEqual(4);
  });

  it('kill -9 of the holder frees it at once', async () => {
    const directory = scratch();
    const [holder] = await fighters(1);
    await holder?.ask(`take ${directory}`);
    expect(Lease.tryAcquire(directory)).toMatchObject({ epoch: 1 });
    await holder?.kill();
    expect(taken(directory).epoch).toBe(2);
  });

  it('a frozen holder keeps it, unless the taker says that frozen is not up', async () => {
    const directory = scratch();
    const [frozen] = await fighters(1);
    if (frozen === undefined) throw new Error('no fighter');
    await frozen.ask(`take ${directory}`);
    frozen.child.kill('SIGSTOP');
    await eventually('it is stopped', () => stateOf(frozen.identity) === 'stopped');
    expect(Lease.tryAcquire(directory)).not.toBeInstanceOf(Lease);
    const lease = taken(directory, isUp);
    expect(lease.epoch).toBe(2);
    frozen.child.kill('SIGCONT');
    expect(await frozen.ask('held')).toEqual({ held: false });
    await frozen.ask('release');
    expect(lease.isHeld()).toBe(true);
    expect(topLease(directory)).toMatchObject({ epoch: 2, released: false });
    expect(existsSync(join(directory, 'released-00000002'))).toBe(false);
  });

  it('a taker that slept through several epochs does not get its late one', () => {
    const directory = scratch();
    taken(directory);
    let current: Lease | undefined;
    // Asked about the holder, it falls asleep, so to speak: meanwhile three others take the lease,
    // and the epoch it is going to create has been pruned already.
    const result = Lease.tryAcquire(directory, () => {
      if (current !== undefined) return true;
      for (let n = 0; n < 3; n += 1) {
        current?.release();
        current = taken(directory, () => false);
      }
      return false;
    });
    expect(result).toMatchObject({ epoch: 4, released: false });
    expect(result).not.toBeInstanceOf(Lease);
    expect(current?.isHeld()).toBe(true);
    expect(existsSync(join(directory, 'epoch-00000002.json'))).toBe(true);
    current?.release();
    expect(taken(directory).epoch).toBe(5);
    expect(existsSync(join(directory, 'epoch-00000002.json'))).toBe(false);
  });

  it('is lost when the directory is taken away under it', () => {
    const directory = join(scratch(), 'lease');
    const lease = taken(directory);
    renameSync(directory, `${directory}.away`);
    expect(lease.isHeld()).toBe(false);
    lease.release();
    expect(existsSync(directory)).toBe(false);
  });
});

// Only file systems without hard links show these states; nobody can tell them from a crash at once.
describe('an epoch without content', () => {
  it('is being written: it is waited for', async () => {
    const directory = scratch();
    const write = () => writeFileSync(join(directory, 'epoch-00000001.json'), '');
    write();
    expect(Lease.tryAcquire(directory)).not.toBeInstanceOf(Lease);
    write();
    const error = await withLease(directory, 30, async () => 1).catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'BUSY' });
  });

  it.each(['', '{"epoch":1', 'null', '{}'])('died before it was written: %j', (content) => {
    const directory = scratch();
    const path = join(directory, 'epoch-00000001.json');
    writeFileSync(path, content);
    const long = new Date(Date.now() - 60_000);
    utimesSync(path, long, long);
    expect(taken(directory).epoch).toBe(2);
  });
});

describe('withLease', () => {
  it('loses no update between processes', async () => {
    const directory = scratch();
    const file = join(directory, 'number');
    writeFileSync(file, '0');
    const crew = Array.from({ length: 6 }, () =>
      startFixture('lease-counter', [GROUND, join(directory, 'lease'), file, '25']),
    );
    for (const one of crew) await one.next();
    expect(readFileSync(file, 'utf8')).toBe('150');
  });

  it('loses no update within one process either', async () => {
    const directory = scratch();
    let value = 0;
    await Promise.all(
      Array.from({ length: 12 }, () =>
        withLease(directory, 20_000, async () => {
          const seen = value;
          await new Promise((resolve) => setTimeout(resolve, 1));
          value = seen + 1;
        }),
      ),
    );
    expect(value).toBe(12);
  });

  it('is free again after work that threw, and passes the error on', async () => {
    const directory = scratch();
    const failed = withLease(directory, 100, () => Promise.reject(new Error('work failed')));
    await expect(failed).rejects.toThrow('work failed');
    expect(await withLease(directory, 100, async () => 'result')).toBe('result');
  });

  it('waits for as long as its holder lives, unless it is told to stop', async () => {
    const directory = join(scratch(), 'lease');
    const lease = taken(directory);
    const stop = new AbortController();
    const began: string[] = [];
    const forever = Number.POSITIVE_INFINITY;
    const stopped = withLease(directory, forever, async () => began.push('stopped'), stop.signal);
    const patient = withLease(directory, forever, async () => began.push('patient'));
    stop.abort();
    const error = toErrorFacts(await stopped.catch((reason: unknown) => reason));
    expect(error).toMatchObject({ code: 'CANCELLED' });
    expect(began).toEqual([]);
    lease.release();
    await patient;
    expect(began).toEqual(['patient']);
    // Told before it had to wait at all.
    await expect(withLease(directory, 100, async () => 1, stop.signal)).rejects.toThrow(/stopped/);
  });

  it('is BUSY after the timeout and says who holds it', async () => {
    const directory = scratch();
    const [holder] = await fighters(1);
    await holder?.ask(`take ${directory}`);
    let ran = false;
    const work = async () => {
      ran = true;
    };
    const error = await withLease(directory, 60, work).catch((e: unknown) => e);
    const facts = toErrorFacts(error);
    expect(facts).toMatchObject({ code: 'BUSY', retryable: true, details: { pid: holder?.pid } });
    expect(ran).toBe(false);
  });
});

it('a directory that cannot be written is an error, not an endless try', () => {
  const path = join(scratch(), 'file');
  writeFileSync(path, '');
  expect(() => Lease.tryAcquire(path)).toThrow(/EEXIST|ENOTDIR/);
  rmSync(path);
});

function taken(directory: string, up?: Parameters<typeof Lease.tryAcquire>[1]): Lease {
  const lease = Lease.tryAcquire(directory, up);
  if (lease instanceof Lease) return lease;
  throw new Error(`held by ${lease.holder.pid}`);
}
