import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { FifoWriter, makeFifo, openFifoForChild } from '../../src/proc/fifo.ts';
import { isAlive, stateOf } from '../../src/proc/identity.ts';
import { startWorker } from '../../src/proc/spawn.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import { bundle } from '../support/bundle.ts';
import { eventually, fixturePath, plainEnv, startFixture } from '../support/processes.ts';
import { scratch } from '../support/scratch.ts';

const GROUND = await bundle(['proc/fifo']);

type Seen = { ready?: true; eof?: true; broken?: string; n?: number; whole?: boolean };

/** A reader with a fifo as its stdin, started the way a worker is. */
async function reading(pauseMs: number) {
  const directory = scratch();
  const path = join(directory, 'in.fifo');
  const out = join(directory, 'out');
  await makeFifo(path, plainEnv());
  const stdin = openFifoForChild(path);
  const stdout = openSync(out, 'a');
  const started = await startWorker(process.execPath, [fixturePath('fifo-reader'), `${pauseMs}`], {
    cwd: directory,
    env: plainEnv(),
    stdin,
    stdout,
    stderr: stdout,
  });
  closeSync(stdin);
  closeSync(stdout);
  onTestFinished(async () => {
    await killProcess(started.identity);
  });
  const seen = (): Seen[] =>
    readFileSync(out, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Seen);
  await eventually('the reader is there', () => seen().length > 0);
  return { path, started, seen };
}

function writerOf(path: string): FifoWriter {
  const writer = new FifoWriter(path);
  onTestFinished(() => writer.close());
  return writer;
}

const line = (n: number, size: number) => ({ n, size, filler: 'x'.repeat(size) });

it('a fifo is made for this user only; an obstacle is told', async () => {
  const directory = scratch();
  const path = join(directory, 'a b\'"$(x).fifo');
  await makeFifo(path, plainEnv());
  expect(statSync(path).isFIFO()).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = await makeFifo(path, plainEnv()).catch((e: unknown) => e);
  expect(toErrorFacts(again)).toMatchObject({ code: 'COMMAND_FAILED' });
  expect(toErrorFacts(again).message).toContain('exists');
});

it('a line is in the pipe before anything else is done, for its writer may be killed next', async () => {
  const path = join(scratch(), 'in.fifo');
  await makeFifo(path, plainEnv());
  const writer = writerOf(path);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(reader));
  void writer.writeLine({ n: 1 });
  void writer.writeLine({ n: 2 });
  const bytes = Buffer.alloc(100);
  expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toBe('{"n":1}\n{"n":2}\n');
});

it('lines arrive whole and in order while the reader is slow', async () => {
  const { path, started, seen } = await reading(2);
  const writer = writerOf(path);
  const sizes = Array.from({ length: 60 }, (_, n) => (n * 7919) % 32_000);
  // Not awaited one by one: all are queued at once, far more than a pipe holds.
  await Promise.all(sizes.map((size, n) => writer.writeLine(line(n, size))));
  await writer.writeLine({ end: true });
  expect(await started.exited).toEqual({ code: 0, signal: null });
  expect(seen()).toEqual([{ ready: true }, ...sizes.map((_, n) => ({ n, whole: true }))]);
});

it('a frozen reader blocks nobody; when it wakes, nothing is missing', async () => {
  const { path, started, seen } = await reading(0);
  const writer = writerOf(path);
  process.kill(started.identity.pid, 'SIGSTOP');
  await eventually('it is stopped', () => stateOf(started.identity) === 'stopped');
  let done = false;
  const writing = Promise.all(
    Array.from({ length: 20 }, (_, n) => writer.writeLine(line(n, 30_000))),
  ).then(() => {
    done = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 60)); // our own event loop still turns
  expect(done).toBe(false);
  process.kill(started.identity.pid, 'SIGCONT');
  await writing;
  await writer.writeLine({ end: true });
  await started.exited;
  expect(seen().filter(({ whole }) => whole)).toHaveLength(20);
});

it('a writer that is killed and replaced: no end of file, no torn line', async () => {
  const { path, started, seen } = await reading(1);
  let from = 0;
  for (let round = 0; round < 4; round += 1) {
    const writer = startFixture('fifo-writer', [GROUND, path, String(from)]);
    for (let n = 0; n < 30 + round; n += 1) from = (await writer.next<{ n: number }>()).n + 1;
    await writer.kill();
    await eventually('the reader has caught up', () => {
      const last = seen().at(-1)?.n ?? 0;
      return last + 1 >= from;
    });
    expect(isAlive(started.identity)).toBe(true);
    // What the writer had put into the pipe without telling counts as well.
    from = (seen().at(-1)?.n ?? 0) + 1;
  }
  await writerOf(path).writeLine({ end: true });
  expect(await started.exited).toEqual({ code: 0, signal: null });
  expect(seen().filter(({ broken, eof }) => broken !== undefined || eof)).toEqual([]);
  expect(seen().filter(({ whole }) => whole).length).toBeGreaterThanOrEqual(120);
});

it('closing ends what waits, and nothing is written afterwards', async () => {
  const { path, started } = await reading(0);
  process.kill(started.identity.pid, 'SIGSTOP');
  const writer = writerOf(path);
  const results = Array.from({ length: 10 }, (_, n) =>
    writer.writeLine(line(n, 30_000)).then(
      () => 'written',
      () => 'refused',
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  writer.close();
  writer.close();
  const said = await Promise.all(results);
  expect(said.slice(-5)).toEqual(Array(5).fill('refused'));
  await expect(writer.writeLine({})).rejects.toThrow('closed');
});

it('needs the fifo to be there', () => {
  const directory = scratch();
  expect(() => new FifoWriter(join(directory, 'none'))).toThrow('ENOENT');
  writeFileSync(join(directory, 'file'), '');
});
