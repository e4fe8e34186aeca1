import type { Clock } from '../../core/clock.ts';
import { isStorageFull } from '../../core/errors.ts';
import { isAlive } from '../../proc/identity.ts';
import {
  freeze,
  killProcess,
  type ProcessTree,
  terminateTree,
  thaw,
} from '../../proc/terminate.ts';
import { descendantsOf } from '../../proc/tree.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import type { InboxRequest } from '../../store/inbox.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import { RUN_COOKIE } from '../../workers/claude/environment.ts';
import { normaliseLine } from '../../workers/claude/normalise.ts';
import type { WorkerEvent } from '../../workers/events.ts';
import type { StopReason } from '../events.ts';
import type { Limit } from '../limits.ts';
import { type AttemptPlan, sessionFor, startAttempt } from './attempt.ts';
import { Conversation } from './conversation.ts';
import { withoutWords } from './final-only.ts';
import type { Journal } from './journal.ts';
import { MessageStore } from './message-store.ts';
import { handoverName, handoverText, openingTexts } from './opening.ts';
import { carryOut, FINISHING, type OrderResult } from './orders.ts';
import type { RequestDesk } from './requests.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { SummaryWriter } from './summary.ts';
import type { Talk } from './talk.ts';
import { WorkerLink } from './worker-link.ts';

/** So many workers in a row may vanish before they take up their task; then the run fails. */
const MAX_FRUITLESS = 3;
/** How long an interrupted turn may take to end before the process is ended. */
const INTERRUPT_MS = 2000;
/** By then a worker that hears us has said something (measured: 5 to 12 ms after the interrupt). */
const HEARD_MS = 700;
/** What one that does not hear us, or is to be killed, is given to end by SIGTERM. */
const URGENT_GRACE_MS = 500;
/** How long a worker may take to leave after the end of its session. */
const LEAVE_MS = 10_000;
/** A full disk is given this long to become free before the run is given up. */
const DISK_FULL_MS = 15_000;
const TICK_MS = 1000;
const DESCENDANTS_EVERY_MS = 2000;

export type SupervisorParts = {
  runId: string;
  /** Somebody has supervised this run before. */
  takeOver: boolean;
  clock: Clock;
  journal: Journal;
  plan: AttemptPlan;
  stopwatch: Stopwatch;
  summary: SummaryWriter;
  desk: RequestDesk;
  watchDirs: readonly string[];
  /** Caps over more than this run; cheap enough to be asked before every tool call. */
  sharedLimit: () => Limit | undefined;
  /** The run has begun, waits for an answer of the controller, or goes on. */
  onState: (state: 'running' | 'waiting_answer') => Promise<void>;
};

/**
 * Follows one worker from its start (or adoption) to its exit: records every line, answers every
 * question, keeps the limits, serves the inbox. When this returns, the worker and its tree are gone
 * and everything it said is recorded; judging it is somebody else's.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #watcher: DirectoryWatcher;
  readonly #texts: MessageStore;
  #link: WorkerLink | undefined;
  #talk: Talk | undefined;
  #conversation: Conversation | undefined;
  #waiting = false;
  #seen: ProcessTree['seen'] = [];
  #seenAt = -Infinity;
  #activeAt: number;
  #leaveBy: number | undefined;
  /** It was interrupted and has said nothing since. */
  #unheard = false;
  #diskFullSince: number | undefined;
  startError: string | undefined;
  left: number[] = [];
  #killedBy: NodeJS.Signals | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#watcher = new DirectoryWatcher(parts.watchDirs);
    this.#texts = new MessageStore(parts.plan.paths.messages);
    this.#activeAt = parts.clock.monotonic();
  }

  async run(): Promise<void> {
    try {
      for (let next = await this.#begin(); next; next = await this.#handOver()) {
        await this.#follow();
      }
    } finally {
      this.#watcher.close();
      this.#link?.close();
    }
  }

  /** Ends the worker without another word, when nothing can be recorded any more. */
  async abandon(): Promise<void> {
    await this.#clearTree();
  }

  /** Ends the run early. The first reason counts. */
  stop(reason: StopReason, by: string, detail: string): void {
    const { journal } = this.#parts;
    const { stop, end_session } = journal.progress;
    // Once the session was told to end, the answer is complete and the worker is leaving anyway.
    if (stop !== undefined || end_session.sent) return;
    journal.record('cc.stop.requested', { reason, by, detail });
    this.#interrupt();
    this.#watcher.wake();
  }

  #interrupt(): void {
    this.#leaveBy = this.#parts.clock.monotonic() + HEARD_MS;
    this.#unheard = true;
    if (this.#link?.exit() === undefined) this.#conversation?.interrupt();
  }

  /** Starts, adopts or restarts the worker. False when there is nothing to follow. */
  async #begin(): Promise<boolean> {
    const { journal, onState } = this.#parts;
    const { progress } = journal;
    if (progress.attempt === 0) return this.#start(1);
    if (progress.worker_exit === undefined) {
      this.#adopt();
      if (progress.stop !== undefined) {
        this.#record();
        this.#interrupt(); // a predecessor has perhaps only journaled that it did
        return true;
      }
      if (await this.#hasTask()) {
        await onState('running'); // the record of a predecessor may still say that it starts
        return true;
      }
      await this.#clearTree();
      journal.record('cc.worker.exited', { code: null, signal: null, adopted: true });
      this.#link?.close();
    } else if (!progress.worker_exit.adopted || progress.task?.started || progress.stop) {
      return this.#handOver();
    }
    // It never took up the task, so starting it again does nothing twice.
    if (progress.fruitless < MAX_FRUITLESS) return this.#start(progress.attempt + 1);
    this.startError = `${MAX_FRUITLESS} workers in a row vanished before they took up the task`;
    return false;
  }

  /**
   * Whether the adopted worker has taken up its task. It is stopped while we look, for it must not do
   * so while it is being replaced; one that has not is ended without another chance to.
   */
  async #hasTask(): Promise<boolean> {
    const { progress } = this.#parts.journal;
    const worker = this.#link?.identity;
    this.#record();
    if (worker === undefined) return false;
    if (progress.task?.started !== true) {
      await freeze(worker);
      this.#record(); // it says that it begins before it asks the model
    }
    if (progress.task?.started) {
      thaw(worker); // a predecessor may have been killed in the middle of this
    } else {
      await killProcess(worker);
      this.#record();
    }
    return progress.task?.started === true;
  }

  /** A session that ended because its context was full is followed by a fresh one. */
  async #handOver(): Promise<boolean> {
    const { journal, plan } = this.#parts;
    const { closing, stop, attempt, rotations } = journal.progress;
    if (closing?.kind !== 'handover' || stop !== undefined) return false;
    const text = handoverText(journal.progress, plan.paths.stdout(attempt));
    await makePrivateDir(plan.paths.messages);
    await this.#texts.put(handoverName(rotations + 1), text);
    journal.record('cc.context.rotated', { index: rotations + 1, because: closing.because, text });
    this.#link?.close();
    return this.#start(attempt + 1);
  }

  async #start(attempt: number): Promise<boolean> {
    const { journal, plan, onState, stopwatch, takeOver } = this.#parts;
    // A predecessor may have died between starting a worker and recording it.
    if (takeOver) await this.#clearTree();
    this.#killedBy = undefined;
    this.#seen = [];
    const session = sessionFor(plan.record, attempt, journal.progress.rotations);
    try {
      this.#link = await startAttempt(plan, attempt, session, stopwatch.remainingMs(), () =>
        this.#watcher.wake(),
      );
    } catch (error) {
      this.startError = error instanceof Error ? error.message : String(error);
      await this.#clearTree();
      return false;
    }
    journal.record('cc.worker.started', { attempt, worker: this.#link.identity });
    this.#converse(this.#link);
    this.#conversation?.open();
    this.#leaveBy = undefined;
    await onState('running');
    return true;
  }

  #adopt(): void {
    const { plan, journal } = this.#parts;
    const { progress } = journal;
    if (progress.worker === undefined) return;
    this.#link = WorkerLink.adopt({
      identity: progress.worker,
      paths: plan.paths,
      attempt: progress.attempt,
      offset: progress.raw_offset,
    });
    this.#converse(this.#link);
  }

  #converse(link: WorkerLink): void {
    const { journal, plan, stopwatch, sharedLimit } = this.#parts;
    this.#talk = {
      link,
      journal,
      stopwatch,
      sharedLimit,
      record: plan.record,
      guard: plan.guard,
      texts: this.#texts,
      stop: (reason, detail) => this.stop(reason, 'supervisor', detail),
      dismiss: () => {
        this.#leaveBy = 0;
      },
    };
    this.#conversation = new Conversation(this.#talk, () =>
      openingTexts(plan.task, journal.progress, this.#texts),
    );
  }

  async #follow(): Promise<void> {
    while (!(await this.#tick()) || this.#link?.exit() === undefined) {
      const left = (this.#leaveBy ?? Infinity) - this.#parts.clock.monotonic();
      await this.#watcher.changed(Math.min(TICK_MS, Math.max(1, left)));
    }
    await this.#finishReading();
  }

  /** One look at everything. False while the disk is full: nothing was consumed, nothing is lost. */
  async #tick(): Promise<boolean> {
    const { desk, summary, journal, clock } = this.#parts;
    try {
      this.#record();
      if (this.#link?.exit() === undefined) this.#conversation?.catchUp();
      await desk.serve((request) => this.#onRequest(request));
      await this.#tellState();
      this.#keepLimits();
      if (this.#leaveBy !== undefined && clock.monotonic() > this.#leaveBy) {
        const isUrgent = this.#unheard || this.#leaveBy === 0;
        await this.#clearTree(isUrgent ? URGENT_GRACE_MS : undefined);
        this.#leaveBy = undefined;
      }
      this.#lookAtTree();
      await summary.write(journal.progress);
      this.#diskFullSince = undefined;
      return true;
    } catch (error) {
      if (!isStorageFull(error)) throw error;
      this.#diskFullSince ??= clock.monotonic();
      if (clock.monotonic() - this.#diskFullSince > DISK_FULL_MS) throw error;
      return false;
    }
  }

  /** The process has gone; what it wrote last may still have to be read. */
  async #finishReading(): Promise<void> {
    const { journal } = this.#parts;
    this.#record();
    const exit = this.#link?.exit();
    // Of an adopted worker nobody learns the exit code, but our own signal we know.
    const signal = exit?.signal ?? (exit?.adopted ? (this.#killedBy ?? null) : null);
    await this.#clearTree();
    if (exit !== undefined) {
      journal.record('cc.worker.exited', {
        code: exit.code,
        signal,
        adopted: exit.adopted,
        unfinished_bytes: this.#link?.unfinishedBytes || undefined,
      });
    }
  }

  /** Every complete line becomes one event, in order; a batch is recorded before it is acted on. */
  #record(): void {
    const link = this.#link;
    if (link === undefined) return;
    const { journal, clock, plan } = this.#parts;
    const keep = plan.record.final_only ? withoutWords : (event: WorkerEvent) => event;
    for (let lines = link.peekLines(); lines.length > 0; lines = link.peekLines()) {
      journal.recordLines(
        lines.map((line) => ({
          event: keep(normaliseLine(line.bytes && plan.hide(line.bytes))),
          raw: [line.start, line.end],
        })),
      );
      link.consume();
      this.#activeAt = clock.monotonic();
      if (this.#unheard) this.#leaveBy = clock.monotonic() + INTERRUPT_MS;
      this.#unheard = false;
    }
    const { end_session, stop } = journal.progress;
    if (end_session.sent && stop === undefined) this.#leaveBy ??= clock.monotonic() + LEAVE_MS;
  }

  #onRequest(request: InboxRequest): OrderResult {
    if (request.kind === 'stop' || request.kind === 'kill') {
      this.stop('cancelled', 'controller', 'stopped on request');
      if (request.kind === 'kill') {
        this.#leaveBy = 0;
        this.#unheard = false;
      }
      return { ok: true, text: 'stopping' };
    }
    if (this.#talk === undefined || this.#conversation === undefined) {
      return { ok: false, text: FINISHING };
    }
    this.#watcher.wake();
    return carryOut(request, this.#talk, this.#conversation.gate);
  }

  async #tellState(): Promise<void> {
    const { journal, onState, summary } = this.#parts;
    const waiting = Object.keys(journal.progress.questions).length > 0;
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    // Before the state that makes readers look for the question.
    await summary.write(journal.progress, { now: true });
    await onState(waiting ? 'waiting_answer' : 'running');
  }

  #keepLimits(): void {
    const { stopwatch, plan, clock } = this.#parts;
    const { budget } = plan.record;
    if (stopwatch.remainingMs() <= 0) {
      this.stop('wall', 'supervisor', `${budget.wall_seconds} s of wall time are used up`);
    }
    // Silence of a worker that waits for the controller is not its own.
    if (this.#waiting) this.#activeAt = clock.monotonic();
    const silent = clock.monotonic() - this.#activeAt;
    if (silent > budget.idle_seconds * 1000) {
      this.stop('idle', 'supervisor', `nothing came for ${Math.round(silent / 1000)} s`);
    }
  }

  /** Remembers descendants while they can still be found by their parents (DESIGN §4 "Stop"). */
  #lookAtTree(): void {
    const { clock } = this.#parts;
    const link = this.#link;
    if (link === undefined || clock.monotonic() - this.#seenAt < DESCENDANTS_EVERY_MS) return;
    this.#seenAt = clock.monotonic();
    const byPid = new Map((this.#seen ?? []).filter(isAlive).map((one) => [one.pid, one]));
    for (const one of descendantsOf([link.identity])) byPid.set(one.pid, one);
    this.#seen = [...byPid.values()];
  }

  async #clearTree(graceMs?: number): Promise<void> {
    this.#lookAtTree();
    const { progress } = this.#parts.journal;
    const tree: ProcessTree = {
      root: this.#link?.identity ?? progress.worker,
      cookie: { name: RUN_COOKIE, value: this.#parts.runId },
      seen: this.#seen ?? [],
    };
    const result = await terminateTree(tree, graceMs);
    this.left = result.left.map((process) => process.pid);
    this.#killedBy ??= result.signals.at(-1);
  }
}
