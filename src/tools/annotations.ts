import type { ToolKind } from './define.ts';

/** MCP's four hints, all explicit: a client that sees none must assume the worst (and Codex does). */
export type Annotations = {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
};

const BY_KIND: Readonly<Record<ToolKind, Annotations>> = {
  read: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  write: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  destructive: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: false,
  },
  // A worker talks to a model service and does what it is told to: the world is open to it.
  launch: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
};

export function annotationsOf(kind: ToolKind): Annotations {
  return BY_KIND[kind];
}
