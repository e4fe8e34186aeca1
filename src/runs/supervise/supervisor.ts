import type { Clock } from '../../core/clock.ts';
import { isStorageFull } from '../../core/errors.ts';
import { freeze, killProcess, thaw } from '../../proc/terminate.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import type { InboxRequest } from '../../store/inbox.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import type { CostGuard } from '../cost-guard/guard.ts';
import type { StopReason } from '../events.ts';
import { isMetered } from '../limits.ts';
import type { Progress } from '../progress.ts';
import { type AttemptPlan, sessionFor, startAttempt } from './attempt.ts';
import { CapWatch } from './cap-watch.ts';
import { Conversation } from './conversation.ts';
import { withoutWords } from './final-only.ts';
import type { Journal } from './journal.ts';
import { MessageStore } from './message-store.ts';
import { handoverName, handoverText, openingTexts } from './opening.ts';
import { carryOut, FINISHING, type OrderResult } from './orders.ts';
import type { RequestDesk } from './requests.ts';
import { Silence } from './silence.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { SummaryWriter } from './summary.ts';
import type { Talk } from './talk.ts';
import { waitsForUs, watch } from './watchdog.ts';
import { workerEvent } from './worker-event.ts';
import { WorkerLink } from './worker-link.ts';
import { WorkerTree } from './worker-tree.ts';

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
const SHORT_TICK_MS = 20;

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
  /** Caps of the user that hold for this run and others; they may change while it goes on. */
  guard: CostGuard;
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
  readonly #tree: WorkerTree;
  readonly #caps: CapWatch;
  #link: WorkerLink | undefined;
  #talk: Talk | undefined;
  #conversation: Conversation | undefined;
  #waiting = false;
  readonly #silence: Silence;
  #leaveBy: number | undefined;
  /** It was interrupted and has said nothing since. */
  #unheard = false;
  #diskFullSince: number | undefined;
  startError: string | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#watcher = new DirectoryWatcher(parts.watchDirs);
    this.#texts = new MessageStore(parts.plan.paths.messages);
    this.#tree = new WorkerTree(parts.runId, parts.clock);
    this.#caps = new CapWatch(parts.guard);
    this.#silence = new Silence(parts.clock.monotonic());
  }

  /** Processes that survived everything. */
  get left(): number[] {
    return this.#tree.left;
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
    await this.#tree.clear();
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
      await this.#tree.clear();
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
    if (!closing.rotated) {
      const index = rotations + 1;
      const text = handoverText(journal.progress, plan.paths.stdout(attempt));
      await makePrivateDir(plan.paths.messages);
      await this.#texts.put(handoverName(index), text);
      journal.record('cc.context.rotated', { index, because: closing.because, text });
    }
    this.#link?.close();
    return this.#start(attempt + 1);
  }

  async #start(attempt: number): Promise<boolean> {
    const { journal, plan, onState, stopwatch, takeOver } = this.#parts;
    // A predecessor may have died between starting a worker and recording it.
    if (takeOver) await this.#tree.clear();
    const session = sessionFor(plan.record, attempt, journal.progress.rotations);
    try {
      this.#link = await startAttempt(plan, attempt, session, stopwatch.remainingMs(), () =>
        this.#watcher.wake(),
      );
    } catch (error) {
      this.startError = error instanceof Error ? error.message : String(error);
      await this.#tree.clear();
      return false;
    }
    journal.record('cc.worker.started', { attempt, worker: this.#link.identity });
    this.#tree.follow(this.#link.identity);
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
    this.#tree.follow(progress.worker);
    this.#link = WorkerLink.adopt({
      identity: progress.worker,
      paths: plan.paths,
      attempt: progress.attempt,
      offset: progress.raw_offset,
    });
    this.#converse(this.#link);
  }

  #converse(link: WorkerLink): void {
    const { journal, plan, stopwatch } = this.#parts;
    this.#talk = {
      link,
      journal,
      stopwatch,
      guardLimit: () => this.#caps.reached,
      isMetered: () => this.#caps.isCapped || isMetered(plan.record.budget),
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
      await this.#watcher.changed(Math.min(TICK_MS, Math.max(SHORT_TICK_MS, left)));
    }
    await this.#finishReading();
  }

  /** One look at everything. False while the disk is full: nothing was consumed, nothing is lost. */
  async #tick(): Promise<boolean> {
    const { desk, summary, journal, clock, stopwatch } = this.#parts;
    try {
      this.#record();
      await this.#caps.look(journal, stopwatch);
      if (this.#link?.exit() === undefined) this.#conversation?.catchUp();
      await desk.serve((request) => this.#onRequest(request));
      await this.#tellState();
      this.#keepLimits();
      if (this.#leaveBy !== undefined && clock.monotonic() > this.#leaveBy) {
        const isUrgent = this.#unheard || this.#leaveBy === 0;
        await this.#tree.clear(isUrgent ? URGENT_GRACE_MS : undefined);
        this.#leaveBy = undefined;
      }
      if (runsCommand(journal.progress)) this.#tree.look();
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
    const signal = exit?.signal ?? (exit?.adopted ? (this.#tree.killedBy ?? null) : null);
    await this.#tree.clear();
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
    for (let lines = link.peekLines(); lines.length > 0; lines = link.peekLines()) {
      journal.recordLines(
        lines.map((line) => {
          const { event, raw } = workerEvent(line, plan.hide);
          return { event: plan.record.final_only ? withoutWords(event) : event, raw };
        }),
      );
      link.consume();
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
    const { stopwatch, plan } = this.#parts;
    const { budget } = plan.record;
    if (stopwatch.remainingMs() <= 0) {
      this.stop('wall', 'supervisor', `${budget.wall_seconds} s of wall time are used up`);
    }
    this.#watch();
  }

  #watch(): void {
    const { journal, plan, clock, stopwatch } = this.#parts;
    const { progress } = journal;
    const silence = this.#silence.look(progress.insight, clock.monotonic(), waitsForUs(progress));
    const facts = { progress, elapsedMs: stopwatch.elapsedMs(), ...silence };
    const { flags, stop } = watch(facts, plan.watch);
    for (const flag of flags) journal.record('cc.flag.raised', { ...flag, by: 'watchdog' });
    journal.publish();
    if (stop !== undefined) this.stop(stop.reason, 'watchdog', stop.detail);
  }
}

/** Only a shell command leaves processes behind; to look for them costs a look at every process. */
function runsCommand({ insight }: Progress): boolean {
  return insight.calls.some(({ tool }) => tool === 'Bash');
}
