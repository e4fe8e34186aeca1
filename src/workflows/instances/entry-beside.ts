import { dirname, join } from 'node:path';

/** The arguments that start the supervisor of runs, with another program of ours from the same place. */
export function entryBeside(args: readonly string[], file: string): string[] {
  const own = args.at(-1);
  return own === undefined ? [] : [...args.slice(0, -1), join(dirname(own), file)];
}
