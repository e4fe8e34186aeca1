import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { sleep } from '../core/clock.ts';
import { CcError, errnoOf } from '../core/errors.ts';
import { stringAt } from '../core/json.ts';

/**
 * A named pipe that outlives the process that feeds it. The reader's end is opened read-write, so it
 * never sees end-of-file when a writer dies and another one takes over (claude-code-cli.md §4b).
 */
export async function makeFifo(path: string, env: Readonly<Record<string, string>>): Promise<void> {
  try {
    // Not our own way to run commands: every run would wait for it to be loaded.
    await promisify(execFile)('mkfifo', ['-m', '600', path], { cwd: '/', env, timeout: 10_000 });
  } catch (cause) {
    const reason = stringAt(cause, 'stderr')?.trim() || String(cause);
    throw new CcError('COMMAND_FAILED', `mkfifo failed: ${reason}`, {
      hint: 'The user home must be on a file system with named pipes (set CC_ORCHESTRATOR_HOME to a local disk).',
      cause,
    });
  }
}

/** The descriptor to give to the child as stdin: blocking, and its own keep-alive writer. */
export function openFifoForChild(path: string): number {
  return openSync(path, constants.O_RDWR);
}

/**
 * Writes whole lines into a fifo without ever blocking the event loop on a reader that is frozen.
 * A torn line would end the worker, so a line that was begun is always finished before the next.
 */
export class FifoWriter {
  readonly #fd: number;
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;
  #closed = false;

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /**
   * Written at once where the pipe has room: who journals next that it was said has surely said it, and
   * a kill in between loses nothing. Else it is queued. Resolves when the whole line is in the pipe;
   * rejects when the writer was closed before.
   */
  async writeLine(value: unknown): Promise<void> {
    const data = Buffer.from(`${JSON.stringify(value)}\n`);
    const done = this.#queued === 0 ? this.#writeNow(data) : 0;
    if (done === data.length) return;
    this.#queued += 1;
    const written = this.#queue.then(() => this.#writeRest(data.subarray(done)));
    this.#queue = written
      .catch(() => undefined)
      .finally(() => {
        this.#queued -= 1;
      });
    await written;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  async #writeRest(data: Buffer): Promise<void> {
    for (let done = this.#writeNow(data); done < data.length; ) {
      await sleep(5);
      done += this.#writeNow(data.subarray(done));
    }
  }

  /** As many bytes as there is room for. */
  #writeNow(data: Buffer): number {
    if (this.#closed) throw new Error('the fifo writer was closed');
    let done = 0;
    try {
      while (done < data.length) done += writeSync(this.#fd, data, done);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
    }
    return done;
  }
}
