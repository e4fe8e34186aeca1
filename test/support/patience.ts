import { sleep } from '../../src/core/clock.ts';

/**
 * How long a test waits for what must happen. It costs nothing where it does happen, and a machine with
 * ten times the work it has cores for must not fail for being slow.
 */
export const PATIENCE_MS = 90_000;

/** What a supervisor that is done may take to leave; whoever is there then was left behind. */
export const LEAVING_MS = 30_000;

/** Between two looks: short at first, then a small part of what was waited already. */
const LOOK_MS = 10;
const MOST_LOOK_MS = 100;
const PART = 1 / 25;

/** Looks until there is something; fails with what it was after `timeoutMs`. */
export async function until<T>(
  look: () => Promise<T | undefined>,
  what: string,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    const waited = performance.now() - started;
    if (waited > timeoutMs) throw new Error(`timed out waiting for ${what}`);
    await sleep(Math.min(Math.max(waited * PART, LOOK_MS), MOST_LOOK_MS));
  }
}
