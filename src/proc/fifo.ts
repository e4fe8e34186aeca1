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
  #closed = false;

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Resolves when the whole line is in the pipe; rejects when the writer was closed before. */
  writeLine(value: unknown): Promise<void> {
    const data = Buffer.from(`${JSON.stringify(value)}\n`);
    const written = this.#queue.then(() => this.#writeAll(data));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  async #writeAll(data: Buffer): Promise<void> {
    for (let done = 0; done < data.length; ) {
      if (this.#closed) throw new Error('the fifo writer was closed');
      try {
        done += writeSync(this.#fd, data, done);
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN') throw error;
        await sleep(5);
      }
    }
  }
}
