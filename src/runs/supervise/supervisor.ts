import type { Clock } from '../../core/clock.ts';
import { isStorageFull } from '../../core/errors.ts';
import { isAlive } from '../../proc/identity.ts';
import { type ProcessTree, terminateTree } from '../../proc/terminate.ts';
import { descendantsOf } from '../../proc/tree.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import { RUN_COOKIE } from '../../workers/claude/environment.ts';
import type { StopReason } from '../events.ts';
import type { Progress } from '../progress.ts';
import { type AttemptPlan, startAttempt } from './attempt.ts';
import { Conversation } from './conversation.ts';
import type { Journal } from './journal.ts';
import type { RequestDesk } from './requests.ts';
import { Silence } from './silence.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { SummaryWriter } from './summary.ts';
import { waitsForUs, watch } from './watchdog.ts';
import { workerEvent } from './worker-event.ts';
import { WorkerLink } from './worker-link.ts';

/** A worker that got no first turn is started again this often before the run fails. */
const MAX_ATTEMPTS = 3;
/** How long an interrupted turn may take to end before the process is ended. */
const INTERRUPT_MS = 2000;
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
  onRunning: () => Promise<void>;
};

/**
 * Follows one worker from its start (or adoption) to its exit: records every line, answers every
 * question, keeps the limits, serves the inbox. When this returns, the worker and its tree are gone
 * and everything it said is recorded; judging it is somebody else's.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #watcher: DirectoryWatcher;
  #link: WorkerLink | undefined;
  #conversation: Conversation | undefined;
  #seen: ProcessTree['seen'] = [];
  #seenAt = -Infinity;
  readonly #silence: Silence;
  #leaveBy: number | undefined;
  #diskFullSince: number | undefined;
  startError: string | undefined;
  left: number[] = [];
  #killedBy: NodeJS.Signals | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#watcher = new DirectoryWatcher(parts.watchDirs);
    this.#silence = new Silence(parts.clock.monotonic());
  }

  async run(): Promise<void> {
    try {
      if (await this.#begin()) await this.#follow();
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
    const { journal, clock } = this.#parts;
    const { stop, end_session } = journal.progress;
    // Once the session was told to end, the answer is complete and the worker is leaving anyway.
    if (stop !== undefined || end_session.sent) return;
    journal.record('cc.stop.requested', { reason, by, detail });
    this.#leaveBy = clock.monotonic() + INTERRUPT_MS;
    if (this.#link?.exit() === undefined) this.#conversation?.interrupt();
    this.#watcher.wake();
  }

  /** Starts, adopts or restarts the worker. False when there is nothing to follow. */
  async #begin(): Promise<boolean> {
    const { journal, clock } = this.#parts;
    const { progress } = journal;
    if (progress.attempt === 0) return this.#start(1);
    if (progress.worker_exit === undefined) {
      this.#adopt();
      this.#record();
      if (progress.stop !== undefined) this.#leaveBy = clock.monotonic() + INTERRUPT_MS;
      if (progress.task?.started === true || progress.stop !== undefined) return true;
      await this.#clearTree();
      journal.record('cc.worker.exited', { code: null, signal: null, adopted: true });
      this.#link?.close();
    } else if (!progress.worker_exit.adopted || progress.task?.started || progress.stop) {
      return false;
    }
    // It never took up the task, so starting it again does nothing twice.
    if (progress.attempt < MAX_ATTEMPTS) return this.#start(progress.attempt + 1);
    this.startError = `${MAX_ATTEMPTS} workers in a row vanished before they took up the task`;
    return false;
  }

  async #start(attempt: number): Promise<boolean> {
    const { journal, plan, onRunning, stopwatch, takeOver } = this.#parts;
    // A predecessor may have died between starting a worker and recording it.
    if (takeOver) await this.#clearTree();
    try {
      this.#link = await startAttempt(plan, attempt, stopwatch.remainingMs(), () =>
        this.#watcher.wake(),
      );
    } catch (error) {
      this.startError = error instanceof Error ? error.message : String(error);
      return false;
    }
    journal.record('cc.worker.started', { attempt, worker: this.#link.identity });
    this.#converse(this.#link);
    this.#conversation?.open();
    await onRunning();
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
    const { journal, plan } = this.#parts;
    this.#conversation = new Conversation(link, {
      journal,
      guard: plan.guard,
      texts: plan.texts,
      wallSeconds: plan.wallSeconds,
      stop: (reason, detail) => this.stop(reason, 'supervisor', detail),
    });
  }

  async #follow(): Promise<void> {
    while (!(await this.#tick()) || this.#link?.exit() === undefined) {
      await this.#watcher.changed(TICK_MS);
    }
    await this.#finishReading();
  }

  /** One look at everything. False while the disk is full: nothing was consumed, nothing is lost. */
  async #tick(): Promise<boolean> {
    const { desk, summary, journal, clock } = this.#parts;
    try {
      this.#record();
      if (this.#link?.exit() === undefined) this.#conversation?.catchUp();
      await desk.serve((request) => this.#onRequest(request.kind));
      this.#keepLimits();
      if (this.#leaveBy !== undefined && clock.monotonic() > this.#leaveBy) {
        await this.#clearTree();
        this.#leaveBy = undefined;
      }
      if (runsCommand(journal.progress)) this.#lookAtTree();
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
    for (let lines = link.peekLines(); lines.length > 0; lines = link.peekLines()) {
      journal.recordLines(lines.map((line) => workerEvent(line, plan.hide)));
      link.consume();
    }
    const { end_session, stop } = journal.progress;
    if (end_session.sent && stop === undefined) this.#leaveBy ??= clock.monotonic() + LEAVE_MS;
  }

  #onRequest(kind: string): { ok: boolean; text: string } {
    if (kind === 'stop' || kind === 'kill') {
      this.stop('cancelled', 'controller', 'stopped on request');
      if (kind === 'kill') this.#leaveBy = 0;
      return { ok: true, text: 'stopping' };
    }
    return { ok: false, text: `unknown request: ${kind}` };
  }

  #keepLimits(): void {
    const { stopwatch, plan } = this.#parts;
    if (stopwatch.remainingMs() <= 0) {
      this.stop('wall', 'supervisor', `${plan.wallSeconds} s of wall time are used up`);
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

  async #clearTree(): Promise<void> {
    this.#lookAtTree();
    const { progress } = this.#parts.journal;
    const result = await terminateTree({
      root: this.#link?.identity ?? progress.worker,
      cookie: { name: RUN_COOKIE, value: this.#parts.runId },
      seen: this.#seen ?? [],
    });
    this.left = result.left.map((process) => process.pid);
    this.#killedBy ??= result.signals.at(-1);
  }
}

/** Only a shell command leaves processes behind; to look for them costs a look at every process. */
function runsCommand({ insight }: Progress): boolean {
  return insight.calls.some(({ tool }) => tool === 'Bash');
}
