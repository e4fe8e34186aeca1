import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../core/json.ts';
import { type Client, SERVER } from './names.ts';
import type { Note } from './plan.ts';
import type { Target } from './target.ts';

/** Servers of another name that are started as ours was: somebody has renamed it, or copied it. */
export function namesOf(servers: unknown, ours: readonly unknown[]): string[] {
  const isOurs = (entry: unknown) =>
    isObject(entry) &&
    ours.some(
      (value) =>
        isObject(value) &&
        entry.command === value.command &&
        isDeepStrictEqual(entry.args, value.args),
    );
  return Object.entries(isObject(servers) ? servers : {}).flatMap(([name, entry]) =>
    name !== SERVER && isOurs(entry) ? [name] : [],
  );
}

export function underAnotherName(
  { path }: Pick<Target, 'path'>,
  client: Client,
  what: string,
): Note {
  return {
    level: 'kept',
    client,
    text: `${path}: ${what} starts cc-orchestrator under a name of yours; it stays. Remove it by hand.`,
  };
}
