import { rm } from 'node:fs/promises';
import { isObject, stringAt } from '../core/json.ts';
import { readJson, writeJsonAtomic } from './atomic.ts';
import { SCHEMA_VERSION } from './versions.ts';

/** What an idempotency key has started: a file with its id as `field`, written before that begins. */
export class KeyFile {
  readonly #path: string;
  readonly #field: string;

  constructor(path: string, field: 'run_id' | 'workflow_id') {
    this.#path = path;
    this.#field = field;
  }

  /** Undefined where there is none, or nothing that can be read. */
  async read(): Promise<string | undefined> {
    const value = await readJson(this.#path).catch(() => undefined);
    return isObject(value) ? stringAt(value, this.#field) : undefined;
  }

  async write(id: string): Promise<void> {
    const entry = { schema_version: SCHEMA_VERSION, [this.#field]: id };
    await writeJsonAtomic(this.#path, entry, { durable: true });
  }

  /** Unless it stands for something else by now. */
  async forget(id: string): Promise<void> {
    if ((await this.read()) === id) await rm(this.#path, { force: true });
  }
}
