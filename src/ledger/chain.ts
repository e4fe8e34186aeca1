import { openSync } from 'node:fs';
import { ifThereSync } from '../core/if-there.ts';
import { numberAt, parseJson, stringAt } from '../core/json.ts';
import { LineReader } from '../store/lines.ts';
import { type Head, type LedgerEntry, readEntryLine } from './entry.ts';
import { headerDigest } from './tail.ts';

export type ProblemClass =
  | 'edit'
  | 'delete'
  | 'reorder'
  | 'duplicate'
  | 'insert'
  | 'fork'
  | 'truncate'
  | 'rewrite'
  | 'break'
  | 'receipt';

/** `line` counts from 1, the header being line 1. */
export type Problem = { class: ProblemClass; line: number; text: string };

/** What is kept of an entry for later questions. */
export type Link = {
  line: number;
  hash: string;
  kind: string;
  subject: string;
  /** Digest of the receipt that was made with it. */
  receipt: string | undefined;
};

/** The whole ledger, judged by nothing but itself. */
export type Chain = {
  /** Id of the file; empty where it has no header. */
  file: string;
  /** Complete lines, the header included. */
  lines: number;
  entries: number;
  /** Intact entries by their number; where there are two, the one the chain goes on from. */
  bySeq: ReadonlyMap<number, Link>;
  head: Head;
  problems: Problem[];
  /** Lines that a crash or a full disk cut off; nothing is missing there. */
  torn: number[];
  /** Something stands behind the last newline. */
  tornTail: boolean;
};

/** Reads a ledger from beginning to end, as far as it reached when that began. */
export function readChain(path: string): Chain | undefined {
  const fd = ifThereSync(() => openSync(path, 'r'));
  if (fd === undefined) return undefined;
  const reader = new LineReader(fd);
  const fold = new ChainFold();
  try {
    for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
      for (const { bytes } of lines) fold.add(bytes ?? Buffer.alloc(0));
    }
    return fold.end(reader.unfinishedBytes > 0);
  } finally {
    reader.close();
  }
}

type Place = { seq: number; hash: string | undefined; line: number };

/** Follows the chain line by line and, where it breaks, finds out how. */
class ChainFold {
  readonly #problems: Problem[] = [];
  readonly #bySeq = new Map<number, Link>();
  /** Line of every hash that was claimed, and the hashes something follows. */
  readonly #lineOf = new Map<string, number>();
  readonly #followed = new Set<string>();
  /** Ends of branches beside the chain: the chain may turn out to go on from one of them. */
  readonly #strays = new Map<string, Place>();
  /** Where it was left for a line that did not follow. */
  readonly #left = new Map<string, Place>();
  /** Numbers that were passed over, with the line before which they belong. */
  readonly #missing = new Map<number, number>();
  readonly #torn: number[] = [];
  /** Unreadable lines since the last entry; the next one shows what they were. */
  #unreadable: { line: number; as: 'torn' | 'garbage' | 'edited' }[] = [];
  #head: Place = { seq: 0, hash: undefined, line: 1 };
  #line = 0;
  #entries = 0;
  #file = '';

  add(bytes: Buffer): void {
    this.#line += 1;
    const text = bytes.toString('utf8');
    if (this.#line === 1 && this.#takeHeader(bytes, text)) return;
    const read = readEntryLine(text);
    if (read.state === 'intact') this.#take(read.entry);
    else if (read.state === 'edited') this.#takeEdited(read.claims);
    else this.#unreadable.push({ line: this.#line, as: read.torn ? 'torn' : 'garbage' });
  }

  end(tornTail: boolean): Chain {
    this.#tellUnreadable('edit', 'is no entry');
    this.#tellMissing();
    return {
      file: this.#file,
      lines: this.#line,
      entries: this.#entries,
      bySeq: this.#bySeq,
      head: { seq: this.#head.seq, hash: this.#head.hash ?? '' },
      problems: this.#problems.sort((a, b) => a.line - b.line),
      torn: this.#torn,
      tornTail,
    };
  }

  #takeHeader(bytes: Buffer, text: string): boolean {
    const header = parseJson(text);
    const file = stringAt(header, 'file');
    if (stringAt(header, 'kind') === 'ledger' && file !== undefined && !stringAt(header, 'hash')) {
      this.#file = file;
      const isKnown = numberAt(header, 'schema_version') !== undefined;
      if (!isKnown) this.#problem('edit', 1, 'the header has no version');
      this.#head = { seq: 0, hash: headerDigest(bytes), line: 1 };
      return true;
    }
    this.#problem('delete', 1, 'the header is missing');
    return false;
  }

  #take(entry: LedgerEntry): void {
    this.#entries += 1;
    const place = { seq: entry.seq, hash: entry.hash, line: this.#line };
    const isNew = this.#lineOf.get(entry.hash) === undefined;
    if (this.#follows(this.#head, entry)) this.#goOn(place, entry);
    else if (this.#follows(this.#strays.get(entry.prev), entry)) this.#goOn(place, entry);
    else if (isNew && this.#follows(this.#left.get(entry.prev), entry)) this.#goBack(place, entry);
    else if (!isNew) {
      this.#problem('duplicate', place.line, `repeats line ${this.#lineOf.get(entry.hash)}`);
    } else if (this.#followed.has(entry.prev)) this.#fork(place, entry);
    else if (this.#missing.has(entry.seq) || entry.seq <= this.#head.seq) this.#late(place, entry);
    else if (entry.seq === this.#head.seq + 1) this.#replaced(place, entry);
    else this.#gap(place, entry);
    if (isNew) this.#lineOf.set(entry.hash, place.line);
    this.#followed.add(entry.prev);
  }

  #follows(place: Place | undefined, { seq, prev }: LedgerEntry): boolean {
    if (place === undefined || seq !== place.seq + 1) return false;
    // Without a header nothing tells what the first entry followed.
    return place.hash === prev || (place.hash === undefined && this.#entries === 1);
  }

  #goOn(place: Place, entry: LedgerEntry): void {
    this.#tellUnreadable('insert', 'is no entry, and none is missing here');
    this.#set(place, entry);
  }

  /** The chain goes on from where it was left; lines that stand behind higher ones were moved. */
  #goBack(place: Place, entry: LedgerEntry): void {
    if (entry.seq < this.#head.seq) {
      this.#problem(
        'reorder',
        place.line,
        `entry ${entry.seq} stands behind entry ${this.#head.seq}`,
      );
    }
    this.#goOn(place, entry);
  }

  #set(place: Place, entry: LedgerEntry): void {
    const { hash } = this.#head;
    if (hash !== undefined && hash !== entry.prev) this.#left.set(hash, this.#head);
    this.#head = place;
    this.#missing.delete(entry.seq);
    this.#bySeq.set(entry.seq, linkOf(entry, place.line));
  }

  #fork(place: Place, entry: LedgerEntry): void {
    const after = this.#lineOf.get(entry.prev) ?? 1;
    this.#problem(
      'fork',
      place.line,
      `entry ${entry.seq} follows line ${after}, as another entry does already (epoch ${entry.epoch})`,
    );
    this.#strays.set(entry.hash, place);
  }

  #late(place: Place, entry: LedgerEntry): void {
    const where = `entry ${entry.seq} stands behind entry ${this.#head.seq}`;
    const isReturned = this.#missing.has(entry.seq);
    this.#problem(isReturned ? 'reorder' : 'insert', place.line, where);
    this.#strays.set(entry.hash, place);
    if (!isReturned) return;
    this.#missing.delete(entry.seq);
    this.#bySeq.set(entry.seq, linkOf(entry, place.line));
  }

  /** The number fits and the hash does not: what stands before it is not what it was written after. */
  #replaced(place: Place, entry: LedgerEntry): void {
    const { line, seq } = this.#head;
    const what = seq === 0 ? 'the header' : `entry ${seq}`;
    this.#problem('edit', line, `${what} is not the one that line ${place.line} was written after`);
    this.#set(place, entry);
  }

  #gap(place: Place, entry: LedgerEntry): void {
    const first = this.#head.seq + 1;
    const isExplained = this.#unreadable.length >= entry.seq - first;
    // A line that was cut off by a crash was never counted, so here somebody made it look like one.
    this.#unreadable = this.#unreadable.map((one) =>
      one.as === 'torn' ? { ...one, as: 'garbage' } : one,
    );
    this.#tellUnreadable('edit', 'is no entry any more');
    // Numbers far beyond anything that was ever written would be a list without an end.
    for (let seq = first; !isExplained && seq < entry.seq && seq - first < MAX_MISSING; seq += 1) {
      this.#missing.set(seq, place.line);
    }
    this.#set(place, entry);
  }

  #takeEdited({ seq, hash }: Partial<Head>): void {
    this.#problem('edit', this.#line, 'its content is not what its hash was made of');
    if (seq !== this.#head.seq + 1 || hash === undefined) {
      this.#unreadable.push({ line: this.#line, as: 'edited' });
      return;
    }
    this.#tellUnreadable('insert', 'is no entry, and none is missing here');
    this.#head = { seq, hash, line: this.#line };
    this.#lineOf.set(hash, this.#line);
  }

  #tellUnreadable(of: ProblemClass, text: string): void {
    for (const { line, as } of this.#unreadable) {
      if (as === 'torn') this.#torn.push(line);
      if (as === 'garbage') this.#problem(of, line, text);
    }
    this.#unreadable = [];
  }

  /** Only at the end is it known what is missing and what stands elsewhere. */
  #tellMissing(): void {
    const byLine = new Map<number, number[]>();
    for (const [seq, line] of this.#missing) {
      const known = byLine.get(line);
      if (known === undefined) byLine.set(line, [seq]);
      else known.push(seq);
    }
    for (const [line, seqs] of byLine) {
      const [first, last] = [seqs[0], seqs.at(-1)];
      const what = first === last ? `entry ${first} is` : `entries ${first} to ${last} are`;
      this.#problem('delete', line, `${what} missing before this line`);
    }
  }

  #problem(of: ProblemClass, line: number, text: string): void {
    this.#problems.push({ class: of, line, text });
  }
}

const MAX_MISSING = 100_000;

function linkOf({ hash, kind, subject, facts }: LedgerEntry, line: number): Link {
  return { line, hash, kind, subject, receipt: stringAt(facts, 'receipt') };
}
