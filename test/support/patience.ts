/**
 * How long a test waits for what must happen. It costs nothing where it does happen, and a machine with
 * ten times the work it has cores for must not fail for being slow.
 */
export const PATIENCE_MS = 90_000;

/** What a supervisor that is done may take to leave; whoever is there then was left behind. */
export const LEAVING_MS = 30_000;
