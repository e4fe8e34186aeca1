import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DirectoryWatcher } from '../../src/store/watch.ts';
import { scratch } from '../support/scratch.ts';

const LONG = 60_000;

function watching(...directories: string[]): DirectoryWatcher {
  const watcher = new DirectoryWatcher(directories);
  onTestFinished(() => watcher.close());
  return watcher;
}

it('wakes when a file is replaced in one of the directories', async () => {
  const [a, b] = [scratch(), scratch()];
  const watcher = watching(a, b);
  for (const directory of [a, b, a]) {
    const waiting = watcher.changed(LONG);
    writeFileSync(join(directory, 'tmp'), '');
    renameSync(join(directory, 'tmp'), join(directory, 'file'));
    await waiting;
  }
});

it('is woken by the files that matter only, and says where they are', async () => {
  const [quiet, busy] = [scratch(), scratch()];
  const watcher = new DirectoryWatcher([quiet, busy], (name) => name === 'wanted');
  onTestFinished(() => watcher.close());
  writeFileSync(join(quiet, 'noise'), '');
  expect(await watcher.changed(300)).toEqual(new Set());
  writeFileSync(join(quiet, 'noise'), 'more');
  writeFileSync(join(busy, 'wanted'), '');
  expect(await watcher.changed(LONG)).toEqual(new Set([busy]));
});

it('remembers what happened while nobody waited', async () => {
  const watcher = watching();
  watcher.wake();
  const started = performance.now();
  await watcher.changed(LONG);
  expect(performance.now() - started).toBeLessThan(LONG / 2);
});

it('ends after its timeout, at the safety poll, when aborted, woken or closed', async () => {
  const watcher = watching(join(scratch(), 'not-there-yet'));
  await watcher.changed(10);
  await watcher.changed(LONG); // the safety poll: nothing will ever notify
  const controller = new AbortController();
  const aborted = watcher.changed(LONG, controller.signal);
  controller.abort();
  await aborted;
  await watcher.changed(LONG, controller.signal);
  const woken = watcher.changed(LONG);
  watcher.wake();
  await woken;
  const closed = watcher.changed(LONG);
  watcher.close();
  await closed;
});
