import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../store/atomic.ts';

/**
 * The texts of messages to the worker, word for word, in the private store: they are written before
 * a message is journaled, so that whoever supervises the run next can send it (again).
 */
export class MessageStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async put(message: string, text: string): Promise<void> {
    await writeFileAtomic(this.#path(message), text, { durable: true });
  }

  /** Undefined when somebody removed it. */
  get(message: string): string | undefined {
    try {
      return readFileSync(this.#path(message), 'utf8');
    } catch {
      return undefined;
    }
  }

  #path(message: string): string {
    return join(this.#directory, `${message}.txt`);
  }
}
