import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../src/core/clock.ts';
import { isObject, parseJson } from '../../src/core/json.ts';
import { isAlive } from '../../src/proc/identity.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { topLease } from '../../src/store/lease.ts';
import { LineReader } from '../../src/store/lines.ts';
import { DirectoryWatcher } from '../../src/store/watch.ts';
import type { Moment } from './plan.ts';
import { supervisorsOf } from './processes.ts';
import { isOver } from './stage.ts';

/** A moment that has not come by then was missed. */
const PATIENCE_MS = 5000;
const LOOK_EVERY_MS = 2;

/** What a moment that must be brought about needs. */
export type Means = {
  /** Of the run, in the private store. */
  privateDir: string;
  /** Drops a request to stop the run, and has somebody wait for it. */
  askToStop: () => Promise<void>;
  /** Kills the owner of the run. */
  killOwner: () => boolean;
};

/** Waits for the moment; false when it did not come before the run was over. */
export async function reach(run: FoundRun, moment: Moment, means: Means): Promise<boolean> {
  if (isOver(run)) return false;
  if (!(await begin(run, moment, means))) return false;
  await sleep(moment.ms);
  return true;
}

async function begin(run: FoundRun, moment: Moment, means: Means): Promise<boolean> {
  const { run_id } = run.record;
  switch (moment.at) {
    case 'time':
      return true;
    case 'event':
      return nextEvent(run, moment.type);
    case 'before_owner':
      return until(run, () => !hasOwner(run) && supervisorsOf(run_id).length > 0);
    case 'before_journal': {
      // The pipe for its stdin is made just before the worker is started.
      const before = new Set(pipesIn(means.privateDir));
      return until(run, () => pipesIn(means.privateDir).some((pipe) => !before.has(pipe)));
    }
    case 'stop_pending':
      if (!(await until(run, () => hasOwner(run)))) return false;
      await means.askToStop();
      return true;
    case 'take_over': {
      if (!(await until(run, () => hasOwner(run)))) return false;
      const before = new Set(supervisorsOf(run_id).map(({ pid }) => pid));
      if (!means.killOwner()) return false;
      return until(run, () => supervisorsOf(run_id).some(({ pid }) => !before.has(pid)));
    }
  }
}

export function hasOwner(run: FoundRun): boolean {
  const top = topLease(run.paths.lease);
  return top !== undefined && !top.released && isAlive(top.holder);
}

/** False when it has not come in time, or the run was over before. */
export async function until(run: FoundRun, hasCome: () => boolean): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!hasCome()) {
    if (performance.now() > deadline || isOver(run)) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

/** The next event of a type from now on. */
async function nextEvent(run: FoundRun, type: string): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  const watcher = new DirectoryWatcher([run.paths.dir]);
  let reader: LineReader | undefined;
  try {
    // What stands there already is past, unless nothing did.
    if (existsSync(run.paths.events)) {
      reader = new LineReader(run.paths.events);
      while (reader.read().length > 0);
    }
    while (performance.now() < deadline) {
      if (existsSync(run.paths.events)) {
        reader ??= new LineReader(run.paths.events);
        if (reader.read().some((line) => typeOf(line.bytes) === type)) return true;
      }
      if (isOver(run)) return false;
      await watcher.changed(100);
    }
    return false;
  } finally {
    watcher.close();
    reader?.close();
  }
}

/** Told apart by their birth, because an inode is used again at once. */
function pipesIn(directory: string): bigint[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.fifo'))
    .flatMap((name) => {
      const stat = statSync(join(directory, name), { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? [] : [stat.birthtimeNs];
    });
}

function typeOf(bytes: Buffer | undefined): unknown {
  const event = bytes && parseJson(bytes.toString('utf8'));
  return isObject(event) ? event.type : undefined;
}
