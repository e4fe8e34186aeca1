/** What a sandboxed process sees of the file system; everything else is as it is, read-only. */
export type SandboxView = {
  /** Existing directories and files that it may change. */
  writable: readonly string[];
  /** Existing ones it may not, also inside a writable one. */
  readOnly: readonly string[];
  /** Directories that look empty, but for what else is named here. */
  hidden: readonly string[];
  /** Files and sockets that look empty. */
  masked: readonly string[];
  /** Directories shown in the place of others, writable. */
  instead: readonly { path: string; from: string }[];
};

export type ViewEntry = {
  path: string;
  as: 'writable' | 'instead' | 'hidden' | 'masked' | 'read_only';
  from: string;
};

/**
 * The parts of a view in the order in which they must be laid over one another: parents first, so
 * that the deeper one counts; of two for the same path the stricter one, which comes last.
 */
export function layers(view: SandboxView): ViewEntry[] {
  const all: ViewEntry[] = [
    ...view.writable.map((path) => ({ path, as: 'writable' as const, from: path })),
    ...view.instead.map(({ path, from }) => ({ path, as: 'instead' as const, from })),
    ...view.hidden.map((path) => ({ path, as: 'hidden' as const, from: path })),
    ...view.masked.map((path) => ({ path, as: 'masked' as const, from: path })),
    ...view.readOnly.map((path) => ({ path, as: 'read_only' as const, from: path })),
  ];
  const byPath = new Map(all.map((entry) => [entry.path, entry]));
  return [...byPath.values()].sort((a, b) => depth(a.path) - depth(b.path));
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}
