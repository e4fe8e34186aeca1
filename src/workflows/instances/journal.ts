import { type Clock, isoTime } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { isObject, type JsonObject, numberAt, stringAt } from '../../core/json.ts';
import { type Redactor, redactJson } from '../../core/redact.ts';
import type { Lease } from '../../store/lease.ts';
import { NdjsonAppender } from '../../store/ndjson-append.ts';
import { readNdjson } from '../../store/ndjson-read.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';

/** The answer to a request of the inbox, told where the asker looks for it. */
export type RequestAnswer = { id: string; kind: string; from: string; ok: boolean; text: string };

/** A request that was refused has no event. */
export type Entry = { event?: Timeless<WorkflowEvent>; request?: RequestAnswer };

/** One line of `journal.ndjson`. The time of the line is that of its event. */
export type JournalLine = {
  seq: number;
  time: string;
  epoch: number;
  event?: WorkflowEvent;
  request?: RequestAnswer;
};

const PAGE = { maxBytes: 8 << 20, maxRecords: 20_000 };
/** Fields that name something; they are ours and must stay as they are. */
const NAMES = [
  'type',
  'key',
  'run_id',
  'workflow_id',
  'node',
  'parent',
  'request',
  'role',
] as const;

/**
 * What happened to a workflow, in order. Written by the owner of its lease alone: redacted, numbered,
 * and on disk before anything is done about it. What is returned is what a successor will read.
 */
export class WorkflowJournal {
  readonly #path: string;
  readonly #appender: NdjsonAppender;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #redact: Redactor;
  #seq: number;
  /** Of the last line, in ms since 1970, and what `clock.monotonic` was then or at the beginning. */
  #last: { ms: number; at: number };

  private constructor(
    path: string,
    appender: NdjsonAppender,
    last: { seq: number; time: string },
    { lease, clock, redact }: JournalOptions,
  ) {
    this.#path = path;
    this.#appender = appender;
    this.#seq = last.seq;
    this.#last = { ms: Date.parse(last.time) || 0, at: clock.monotonic() };
    this.#lease = lease;
    this.#clock = clock;
    this.#redact = redact;
  }

  /** Opens or creates it; a torn last line is cut off. `lines` is what there is. Throws as `readJournal`. */
  static open(
    path: string,
    options: JournalOptions,
  ): { journal: WorkflowJournal; lines: JournalLine[] } {
    const now = isoTime(options.clock.now());
    const { lines } = readJournal(path, undefined);
    const { seq = 0, time = now } = lines.at(-1) ?? {};
    // Before it is opened, which would begin a new one.
    requireAll(path, seq, options.known);
    const appender = NdjsonAppender.open(path, 'workflow_journal', now);
    return { journal: new WorkflowJournal(path, appender, { seq, time }, options), lines };
  }

  get seq(): number {
    return this.#seq;
  }

  /**
   * The time of a line that would be written now: the clock's, and never less than has passed since the
   * last line. So where the clock jumped ahead and back, or was set back, times still go on, and what is
   * to happen some time after a line is no further away than that.
   */
  now(): Date {
    const { ms, at } = this.#last;
    const passed = Math.floor(this.#clock.monotonic() - at);
    return new Date(Math.max(this.#clock.now().getTime(), ms + passed));
  }

  /** Writes all of them or none. */
  append(entries: readonly Entry[]): JournalLine[] {
    if (!this.#lease.isHeld()) {
      throw new CcError('LEASE_LOST', 'Another supervisor has taken over this workflow.');
    }
    const now = this.now();
    const time = isoTime(now);
    const { epoch } = this.#lease;
    const raw = entries.map((entry, index) => ({
      seq: this.#seq + index + 1,
      time,
      epoch,
      ...safe(entry, this.#redact),
    }));
    this.#appender.append(raw);
    this.#appender.sync(this.#path);
    this.#seq += raw.length;
    this.#last = { ms: now.getTime(), at: this.#clock.monotonic() };
    return raw.flatMap((line) => lineOf(JSON.parse(JSON.stringify(line))) ?? []);
  }

  close(): void {
    this.#appender.close();
  }
}

type JournalOptions = {
  lease: Lease;
  clock: Clock;
  redact: Redactor;
  /** A line it is known to have had. */
  known: number;
};

/**
 * The lines behind a cursor (undefined: all of them), and where to go on. What a line said that cannot be
 * read could be that something was rejected, so nothing is told of a journal that lacks one: throws
 * STORAGE_CORRUPT.
 */
export function readJournal(
  path: string,
  from: string | undefined,
): { lines: JournalLine[]; cursor: string | undefined; reset: boolean } {
  const lines: JournalLine[] = [];
  let cursor = from;
  let reset = false;
  for (;;) {
    const page = readNdjson(path, cursor, PAGE);
    reset ||= page.reset;
    if (page.unreadable > 0) throw damaged(path, `${page.unreadable} line(s) cannot be read`);
    for (const record of page.records) {
      const line = isObject(record) ? lineOf(record) : undefined;
      if (line === undefined) throw damaged(path, 'a line has no number or no time');
      requireNext(path, line, lines.at(-1)?.seq ?? line.seq - 1);
      lines.push(line);
    }
    cursor = page.cursor;
    if (!page.more) return { lines, cursor, reset };
  }
}

/** Lines are numbered without a gap, by whoever wrote them. */
export function requireNext(path: string, { seq }: JournalLine, last: number): void {
  if (seq !== last + 1) throw damaged(path, `line ${seq} comes after line ${last}`);
}

/** What is known to have been written has to be there. */
export function requireAll(path: string, last: number, known: number): void {
  if (last < known) throw damaged(path, `it ends at line ${last}, and had ${known}`);
}

function damaged(path: string, how: string): CcError {
  return new CcError('STORAGE_CORRUPT', `${path} is damaged: ${how}.`, {
    hint: 'What happened to this workflow is not known any more. Start it again.',
  });
}

function lineOf(record: JsonObject): JournalLine | undefined {
  const [seq, time] = [numberAt(record, 'seq'), stringAt(record, 'time')];
  if (seq === undefined || time === undefined) return undefined;
  const { event, request } = record;
  return {
    seq,
    time,
    epoch: numberAt(record, 'epoch') ?? 0,
    ...(isObject(event) ? { event: { ...event, time } as WorkflowEvent } : {}),
    ...(isObject(request) ? { request: request as RequestAnswer } : {}),
  };
}

/** Redacted, but for the names by which events find what they are about. */
function safe({ event, request }: Entry, redact: Redactor): Entry {
  return {
    ...(event === undefined ? {} : { event: withNames(redactJson(event, redact), event) }),
    ...(request === undefined
      ? {}
      : { request: { ...redactJson(request, redact), id: request.id } }),
  };
}

function withNames(
  safeEvent: Timeless<WorkflowEvent>,
  event: Timeless<WorkflowEvent>,
): Timeless<WorkflowEvent> {
  const names = Object.entries(event).filter(([name]) => NAMES.some((one) => one === name));
  return { ...safeEvent, ...Object.fromEntries(names) };
}
