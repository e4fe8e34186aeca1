/** Bounds of workflow files and of what runs by them. Beyond them a file is refused, never cut. */
export const LIMITS = {
  fileBytes: 1 << 20,
  /** Values in the file, aliases counted each time they are used. */
  values: 100_000,
  aliases: 100,
  /** Nesting of the file. */
  depth: 20,
  nodes: 1000,
  needs: 1000,
  /** Characters and nesting of an expression. */
  expressionChars: 2000,
  expressionDepth: 50,
  taskChars: 100_000,
  /** Tasks a `for_each` or `matrix` may make of one node, and how many when the file does not say. */
  items: 500,
  defaultItems: 20,
  concurrent: 64,
  defaultConcurrent: 4,
  retries: 20,
  loopGuard: 500,
  /** As the predecessor. */
  defaultLoopGuard: 50,
  /** Files inside files inside files. */
  subWorkflows: 4,
  /** Problems that are told at once. */
  problems: 100,
} as const;

/** A handoff as it is kept, and all upstream handoffs of a prompt together. */
export const HANDOFF_BYTES = 16_000;
export const UPSTREAM_BYTES = 64_000;

/** Also a file name on every system, so that it can name one; and a word of an expression. */
export const ID_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
export const ID_RULE =
  'a letter, then letters, digits, "-" or "_", 64 characters at most, no path and no dot';
