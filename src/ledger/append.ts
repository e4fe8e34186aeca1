import { closeSync, constants, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';
import { compact } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { makePrivateDir, PRIVATE_FILE, syncDirectory } from '../store/atomic.ts';
import type { Lease } from '../store/lease.ts';
import { requireWritableVersion, SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import { sharedPaths, type Workspace } from '../workspace/layout.ts';
import { moveAnchor, readAnchor } from './anchor.ts';
import {
  type Actor,
  entryLine,
  type LedgerEntry,
  type LedgerKind,
  sealEntry,
  TORN_MARK,
} from './entry.ts';
import { boundFacts, type Facts } from './facts.ts';
import { findBack } from './find.ts';
import { ledgerPaths } from './place.ts';
import { dropUnbornHeader, isThere, lastEntries, readTail, type Tail } from './tail.ts';
import { takeTurn } from './turn.ts';

/** Nobody is served in order: with many on a busy machine, one may be unlucky for long. */
const TURN_MS = 30_000;
const SUBJECT_CHARS = 200;

export type Draft = {
  kind: LedgerKind;
  /** What it is about: a run id, an item, a branch. */
  subject: string;
  facts: Facts;
  actor?: Actor | undefined;
  /** With kind and subject: recorded once only. The entry that is there already is the answer then. */
  key?: string | undefined;
  /** Without a key: one entry of this kind about this subject is all there can be. */
  once?: boolean | undefined;
};

/**
 * Appends one operation to the ledger of a workspace. It is on the disk and anchored when this
 * returns; where that is not possible it throws, and the operation must not be carried out.
 *
 * The file only grows: nothing in it is ever cut off or changed, so that a process which was frozen
 * in the middle can spoil its own line at most.
 */
export async function appendEntry(
  host: Host,
  workspace: Workspace,
  draft: Draft,
): Promise<LedgerEntry> {
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'A server started with --read-only records nothing.', {
      hint: 'Use the command line, or a server without --read-only.',
    });
  }
  // A workspace that was removed meanwhile is not made again.
  if (!existsSync(sharedPaths(workspace).workspaceFile)) {
    throw new CcError('NO_WORKSPACE', `${workspace.root} has no workspace.`, {
      hint: 'Create it with cc_init_workspace.',
    });
  }
  const paths = ledgerPaths(workspace);
  await makePrivateDir(paths.dir);
  const facts = boundFacts(draft.facts);
  const until = performance.now() + TURN_MS;
  for (let earlier: LedgerEntry | undefined; ; ) {
    const turn = await takeTurn(paths.lease, Math.max(0, until - performance.now()));
    try {
      const written = await appendUnder(turn, host, workspace, { ...draft, facts }, earlier);
      if (written !== undefined && turn.isHeld()) return written;
      // A turn that was lost between the check and the write may have put the line beside the chain.
      // Then it stays there to be found (chain.ts), and the operation is recorded again.
      earlier = written ?? earlier;
    } finally {
      turn.release();
    }
  }
}

/** The entry, or undefined where nothing was written because the turn was lost. */
async function appendUnder(
  turn: Lease,
  host: Host,
  workspace: Workspace,
  draft: Draft,
  earlier: LedgerEntry | undefined,
): Promise<LedgerEntry | undefined> {
  const { file } = ledgerPaths(workspace);
  const anchor = await readAnchor(host, workspace);
  const fd = openSync(
    file,
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
    PRIVATE_FILE,
  );
  try {
    const tail = readTail(fd, file) ?? begin(fd, host, file);
    requireWritableVersion(tail.header, file);
    const known = alreadyThere(fd, draft, earlier, tail);
    if (known !== undefined) return known;
    const entry = sealEntry({
      seq: tail.head.seq + 1,
      time: isoTime(host.clock.now()),
      kind: draft.kind,
      actor: draft.actor ?? { by: 'unknown' },
      subject: oneLine(draft.subject, SUBJECT_CHARS),
      ...compact({ key: draft.key }),
      facts: { ...draft.facts },
      epoch: turn.epoch,
      prev: tail.head.hash,
    });
    if (!turn.isHeld()) return undefined;
    write(fd, `${tail.torn ? `${TORN_MARK}\n` : ''}${entryLine(entry)}\n`);
    if (!turn.isHeld()) return entry;
    await moveAnchor(host, workspace, {
      before: anchor,
      file: tail.header.file,
      follows: tail.head,
      to: { seq: entry.seq, hash: entry.hash },
      isThere: (head) => isThere(fd, head),
    });
    return entry;
  } finally {
    closeSync(fd);
  }
}

/** The same operation, recorded before a crash, or by ourselves before we lost our turn. */
function alreadyThere(
  fd: number,
  { kind, subject, key, once }: Draft,
  earlier: LedgerEntry | undefined,
  tail: Tail,
): LedgerEntry | undefined {
  if (earlier !== undefined && isInChain(fd, earlier, tail)) return earlier;
  if (key === undefined && !once) return undefined;
  const found = findBack(fd, { kind, subject, key });
  return found?.hash === earlier?.hash ? undefined : found;
}

/** It is the head, or the chain went on from it. */
function isInChain(fd: number, { hash }: LedgerEntry, tail: Tail): boolean {
  return tail.head.hash === hash || lastEntries(fd).some(({ prev }) => prev === hash);
}

/** The header makes the file recognisable and is what the first entry follows. */
function begin(fd: number, host: Host, path: string): Tail {
  dropUnbornHeader(fd);
  const header = {
    schema_version: SCHEMA_VERSION,
    kind: 'ledger',
    file: randomBase32(8),
    created: isoTime(host.clock.now()),
  };
  write(fd, `${JSON.stringify(header)}\n`);
  syncDirectory(dirname(path));
  const tail = readTail(fd, path);
  if (tail === undefined) throw new Error(`no header in ${path}`);
  return tail;
}

function write(fd: number, text: string): void {
  const data = Buffer.from(text);
  for (let written = 0; written < data.length; ) written += writeSync(fd, data, written);
  fsyncSync(fd);
}
