import type { SourceEnvironment } from '../../git/environment.ts';
import { type ChangedContent, changedContents } from '../../git/whole/contents.ts';
import { isInstalled } from '../../git/whole/names.ts';
import type { Area, WholeSnapshot } from '../../git/whole/whole.ts';
import { type DetectOptions, detect, type Hit } from '../../secrets/detect.ts';
import type { KnownSecrets } from '../../secrets/known.ts';
import { noteOf } from '../../secrets/note.ts';
import type { NotScanned, SecretFinding } from './findings.ts';

/** Beyond these a file is not read: 8 MiB each, 64 MiB with what it was before, in all. */
const MAX_FILE_BYTES = 8 << 20;
const MAX_TOTAL_BYTES = 64 << 20;
/** What is installed by the hundred files and has nothing in it, nearly always. */
const MAX_LISTED_BYTES = 16 << 20;
/** As git does: a file is binary when one of its first bytes is zero. */
const BINARY_LOOK = 8000;

export type Scanner = {
  /** Of the user's fingerprints. */
  key: Buffer;
  known: KnownSecrets;
  more?: DetectOptions['more'];
  env?: SourceEnvironment;
};

export type ChangesScan = {
  findings: SecretFinding[];
  files: number;
  bytes: number;
  not_scanned: NotScanned[];
};

export type ChangedPath = {
  path: string;
  old_path?: string | undefined;
  area?: Area | undefined;
};

/** The new content of files that differ between two snapshots, each finding with its line. */
export async function scanChanges(
  base: WholeSnapshot,
  after: WholeSnapshot,
  files: readonly ChangedPath[],
  scanner: Scanner,
): Promise<ChangesScan> {
  const { contents, leftOut } = await changedContents(base, after, files, {
    maxFileBytes: MAX_FILE_BYTES,
    maxTotalBytes: MAX_TOTAL_BYTES,
    maxListedBytes: MAX_LISTED_BYTES,
    ...(scanner.env === undefined ? {} : { env: scanner.env }),
  });
  const notScanned: NotScanned[] = [...leftOut];
  // Source that lies below a directory of such a name is the project's own.
  const foreign = new Set(
    files.flatMap(({ path, area }) => (area === 'ignored' && isInstalled(path) ? path : [])),
  );
  const findings = contents.flatMap((content) => {
    try {
      return scanFile(content, foreign.has(content.path), scanner);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // A pattern ran out of stack; one such file must not keep the others from being looked through.
      notScanned.push({ path: content.path, reason: 'too_deep' });
      return [];
    }
  });
  return {
    findings,
    files: contents.length,
    bytes: contents.reduce((sum, { now }) => sum + now.length, 0),
    not_scanned: notScanned,
  };
}

/** What the file held before as often as now was there already, wherever in it that was. */
function scanFile(
  { path, now, before, beforeUnknown }: ChangedContent,
  isForeign: boolean,
  scanner: Scanner,
): SecretFinding[] {
  const text = textOf(now);
  const hits = hitsIn(text, path, scanner)
    // Packages bring keys for their tests, and code about passwords.
    .filter(({ kind }) => !isForeign || kind === 'known' || kind === 'token')
    .map((hit) => (isForeign || beforeUnknown ? doubted(hit) : hit));
  if (hits.length === 0) return [];
  const old = new Map<string, number>();
  if (before !== undefined) {
    for (const { value } of hitsIn(textOf(before), path, scanner)) {
      old.set(value, (old.get(value) ?? 0) + 1);
    }
  }
  const lineAt = lineCounter(text.content);
  return hits.map((hit) => {
    const left = old.get(hit.value) ?? 0;
    if (left > 0) old.set(hit.value, left - 1);
    const line = text.binary ? {} : { line: lineAt(hit.valueStart) };
    return {
      ...noteOf(hit, scanner.key),
      where: { kind: left > 0 ? 'file' : 'diff', path, ...line },
      ...(left > 0 ? { preexisting: true } : {}),
    };
  });
}

/** It may be a package's own, or have been there before; the user's own secrets are known. */
function doubted(hit: Hit): Hit {
  const isDoubtful = hit.class === 'real_candidate' && hit.kind !== 'known';
  return isDoubtful ? { ...hit, class: 'unknown' } : hit;
}

type Text = { content: string; binary: boolean };

/** Text in two bytes a character has a zero in most; without them it can be read. */
function textOf(bytes: Buffer): Text {
  const binary = bytes.subarray(0, BINARY_LOOK).includes(0);
  if (!binary) return { content: bytes.toString('utf8'), binary };
  return { content: bytes.toString('latin1').replaceAll('\0', ''), binary };
}

function hitsIn({ content, binary }: Text, path: string, { known, more }: Scanner): Hit[] {
  const hits = detect(content, { known, more, path });
  // Beside a name in a binary file stands anything.
  return binary ? hits.filter(({ kind }) => kind === 'known' || kind === 'token') : hits;
}

/** Number of the line of ever later positions. */
function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let at = 0;
  return (position) => {
    for (let next = text.indexOf('\n', at); next !== -1 && next < position; ) {
      line += 1;
      at = next + 1;
      next = text.indexOf('\n', at);
    }
    return line;
  };
}
