import { type Clock, isoTime } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { isObject, parseJson } from '../../core/json.ts';
import { type Redactor, redactJson } from '../../core/redact.ts';
import type { Hit } from '../../secrets/detect.ts';
import type { SecretNote } from '../../secrets/note.ts';
import type { Lease } from '../../store/lease.ts';
import { LineReader } from '../../store/lines.ts';
import { NdjsonAppender } from '../../store/ndjson-append.ts';
import type { WorkerEvent } from '../../workers/events.ts';
import { applyEvent } from '../apply-event.ts';
import type { RunEvent, SupervisorEventType } from '../events.ts';
import type { Flag } from '../insight/flags.ts';
import { emptyProgress, type Progress } from '../progress.ts';

/** Notes on one event beyond these say nothing new: it is full of secrets. */
const NOTES_PER_EVENT = 20;

type JournalOptions = {
  lease: Lease;
  clock: Clock;
  redact: Redactor;
  /** What is noted of a secret that was hidden; without it only that one was. */
  note?: (hit: Hit) => SecretNote;
  /** What is noted where a credential of the run was hidden before the event was made. */
  own?: SecretNote | undefined;
};

/**
 * events.ndjson and what it adds up to. The only place where a run's events are written: redacted,
 * numbered, stamped with the epoch, and refused once another supervisor owns the run.
 */
export class Journal {
  readonly progress: Progress;
  readonly #appender: NdjsonAppender;
  readonly #path: string;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #redact: Redactor;
  readonly #note: JournalOptions['note'];
  readonly #own: SecretNote | undefined;

  private constructor(
    path: string,
    appender: NdjsonAppender,
    progress: Progress,
    options: JournalOptions,
  ) {
    this.#path = path;
    this.#appender = appender;
    this.progress = progress;
    this.#lease = options.lease;
    this.#clock = options.clock;
    this.#redact = options.redact;
    this.#note = options.note;
    this.#own = options.own;
  }

  /** Opens (or creates) the events of a run and folds up what earlier supervisors wrote. */
  static open(path: string, options: JournalOptions): Journal {
    const appender = NdjsonAppender.open(path, 'run_events', isoTime(options.clock.now()));
    return new Journal(path, appender, replay(path), options);
  }

  /** Records one thing the supervisor did or decided. */
  record(type: SupervisorEventType, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#append([this.#stamp({ type, ...fields }, 1)]);
  }

  /** Records worker lines with the byte ranges they came from, in one write. */
  recordLines(lines: readonly { event: WorkerEvent; raw: [number, number] }[]): RunEvent[] {
    const events = lines.map(({ event, raw }, index) => this.#stamp({ ...event, raw }, index + 1));
    this.#append(events);
    return events;
  }

  /** Bytes of all events so far. */
  get size(): number {
    return this.#appender.size;
  }

  /** Flags and findings get events of their own, so that who reads on learns of them without folding. */
  publish(): void {
    const { insight } = this.progress;
    const flags = insight.untold ? insight.flags.filter(isUntold) : [];
    for (const { code, severity, blocking, evidence } of flags) {
      this.record('cc.flag.raised', { code, severity, blocking, evidence });
    }
    for (const { seq, kind, text } of insight.unpublished) {
      this.record('cc.finding.made', { of: seq, kind, text });
    }
  }

  /** Makes everything so far survive a power cut. */
  sync(): void {
    this.#appender.sync(this.#path);
  }

  close(): void {
    this.#appender.close();
  }

  #stamp(fields: Readonly<Record<string, unknown>> & { type: string }, ahead: number): RunEvent {
    const { type, ...rest } = fields;
    let redacted = rest.redacted;
    const notes = new Map<string, SecretNote>();
    if (redacted !== undefined && this.#own) notes.set(this.#own.fingerprint, this.#own);
    const safe = redactJson(rest, this.#redact, (what, hit) => {
      if (redacted !== 'credential') redacted = what;
      if (this.#note === undefined || notes.size >= NOTES_PER_EVENT) return;
      const note = this.#note(hit);
      notes.set(note.fingerprint, note);
    });
    return {
      seq: this.progress.seq + ahead,
      epoch: this.#lease.epoch,
      time: isoTime(this.#clock.now()),
      type,
      ...safe,
      ...(redacted === undefined ? {} : { redacted }),
      ...(notes.size === 0 ? {} : { secrets: [...notes.values()] }),
    } as RunEvent;
  }

  #append(events: RunEvent[]): void {
    if (!this.#lease.isHeld()) {
      throw new CcError('LEASE_LOST', 'Another supervisor has taken over this run.');
    }
    this.#appender.append(events);
    for (const event of events) applyEvent(this.progress, event);
  }
}

function isUntold({ told, severity }: Flag): boolean {
  return told !== severity;
}

/** Folds a whole events file. Its first line is the header. */
export function replay(path: string): Progress {
  const progress = emptyProgress();
  const reader = new LineReader(path);
  try {
    let first = true;
    for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
      for (const line of lines) {
        const event = line.bytes && parseJson(line.bytes.toString('utf8'));
        // A power cut may leave a line of zeros; what it was is lost, the rest is not.
        if (!first && isObject(event)) applyEvent(progress, event as RunEvent);
        first = false;
      }
    }
  } finally {
    reader.close();
  }
  return progress;
}
