import type { FileChange } from './changes.ts';

export type Patch = {
  /** Unified diff for reading, in path order; whole files, or whole hunks of the last that fits. */
  text: string;
  truncated: boolean;
  omitted: OmittedPatch[];
};

export type OmittedPatch = {
  path: string;
  /** Size of this file's full patch; absent when git was stopped before it came to this file. */
  bytes?: number;
  /** What is shown of it; 0 when nothing is. */
  shown_bytes: number;
};

/**
 * Fits a patch into `maxBytes`. Small files go first, so that one generated file does not push out
 * the ten that matter. `complete` says that git was not stopped on the way.
 */
export function fitPatch(
  raw: Buffer,
  files: readonly FileChange[],
  { maxBytes, complete }: { maxBytes: number; complete: boolean },
): Patch {
  // latin1: one character per byte, so that positions are byte counts and no letter is split.
  const sections = splitFiles(raw.toString('latin1'), files, complete);
  const shown = new Map<string, string>();
  let room = maxBytes;
  for (const { path, text } of [...sections].sort((a, b) => a.text.length - b.text.length)) {
    const part = text.length <= room ? text : wholeHunks(text, room);
    shown.set(path, part);
    room -= part.length;
  }
  const sizes = new Map(sections.map(({ path, text }) => [path, text.length]));
  const omitted = files.flatMap(({ path }): OmittedPatch[] => {
    const bytes = sizes.get(path);
    const shownBytes = shown.get(path)?.length ?? 0;
    if (bytes === shownBytes) return [];
    return [{ path, ...(bytes === undefined ? {} : { bytes }), shown_bytes: shownBytes }];
  });
  const text = files.map(({ path }) => shown.get(path) ?? '').join('');
  return {
    text: Buffer.from(text, 'latin1').toString('utf8'),
    truncated: omitted.length > 0,
    omitted,
  };
}

// A line of a hunk begins with a space, + , - or \, so this can only be a header.
const FILE_START = /^diff --git /gm;
const HUNK_START = /^@@ /gm;

function splitFiles(
  patch: string,
  files: readonly FileChange[],
  complete: boolean,
): { path: string; text: string }[] {
  const starts = [...patch.matchAll(FILE_START)].map((match) => match.index);
  const sections: { path: string; text: string }[] = [];
  let at = 0;
  for (const { path, status } of files) {
    // The patch has the files in the order of the list; a change of type is one deletion, one addition.
    const count = status === 'typechange' ? 2 : 1;
    const start = starts[at];
    const end = starts[at + count];
    if (start === undefined || (end === undefined && !complete)) break;
    sections.push({ path, text: patch.slice(start, end) });
    at += count;
  }
  return sections;
}

/** Header and as many hunks as fit; nothing when not even one does. */
function wholeHunks(section: string, room: number): string {
  const starts = [...section.matchAll(HUNK_START)].map((match) => match.index);
  const end = starts.slice(1).findLast((start) => start <= room);
  return end === undefined ? '' : section.slice(0, end);
}
