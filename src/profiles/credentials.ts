import { inspect } from 'node:util';

/** Variables by name, all strings. */
export type Variables = Readonly<Record<string, string>>;

/**
 * What a worker needs to reach its model, and which of it must never be seen. An object of this
 * class does not print itself: logging or serialising it by accident shows a placeholder.
 */
export class Credentials {
  /** Allow-listed variables for the worker's environment. Values may be secret. */
  readonly env: Variables;
  /** Exact values for `createRedactor`. */
  readonly secrets: readonly string[];

  constructor(env: Variables, secrets: readonly string[]) {
    this.env = env;
    this.secrets = secrets;
  }

  toJSON(): string {
    return '[credentials]';
  }

  [inspect.custom](): string {
    return '[credentials]';
  }
}
