import type { Clock } from '../../core/clock.ts';
import { isStorageFull } from '../../core/errors.ts';
import type { InboxRequest } from '../../store/inbox.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import type { CostGuard } from '../cost-guard/guard.ts';
import type { StopReason } from '../events.ts';
import { isMetered } from '../limits.ts';
import type { Progress } from '../progress.ts';
import type { AttemptPlan } from './attempt.ts';
import { Attempts } from './attempts.ts';
import { CapWatch } from './cap-watch.ts';
import { Departure } from './departure.ts';
import type { Journal } from './journal.ts';
import { carryOut, FINISHING, type OrderResult } from './orders.ts';
import { recordLines } from './record-lines.ts';
import type { RequestDesk } from './requests.ts';
import { Silence } from './silence.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { SummaryWriter } from './summary.ts';
import { waitsForUs, watch } from './watchdog.ts';
import { WorkerTree } from './worker-tree.ts';

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
  readonly #tree: WorkerTree;
  readonly #caps: CapWatch;
  readonly #departure: Departure;
  readonly #attempts: Attempts;
  readonly #silence: Silence;
  #waiting = false;
  #diskFullSince: number | undefined;

  constructor(parts: SupervisorParts) {
    const { journal, plan, stopwatch, takeOver } = parts;
    this.#parts = parts;
    this.#watcher = new DirectoryWatcher(parts.watchDirs);
    this.#tree = new WorkerTree(parts.runId, parts.clock);
    this.#caps = new CapWatch(parts.guard);
    this.#departure = new Departure(parts.clock);
    this.#silence = new Silence(parts.clock.monotonic());
    this.#attempts = new Attempts({
      takeOver,
      journal,
      plan,
      stopwatch,
      tree: this.#tree,
      departure: this.#departure,
      talk: {
        clock: parts.clock,
        guardLimit: () => this.#caps.reached,
        isMetered: () => this.#caps.isCapped || isMetered(plan.record.budget),
        stop: (reason, detail) => this.stop(reason, 'supervisor', detail),
      },
      onStarted: () => parts.onState('running'),
      onExit: () => this.#watcher.wake(),
    });
  }

  /** Why no worker could be started, where none could. */
  get startError(): string | undefined {
    return this.#attempts.startError;
  }

  /** Processes that survived everything. */
  get left(): number[] {
    return this.#tree.left;
  }

  async run(): Promise<void> {
    try {
      for (let next = await this.#attempts.begin(); next; next = await this.#attempts.next()) {
        await this.#follow();
      }
    } finally {
      this.#watcher.close();
      this.#attempts.link?.close();
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
    this.#attempts.interrupt();
    this.#watcher.wake();
  }

  async #follow(): Promise<void> {
    while (!(await this.#tick()) || this.#attempts.link?.exit() === undefined) {
      const { msLeft } = this.#departure;
      await this.#watcher.changed(Math.min(TICK_MS, Math.max(SHORT_TICK_MS, msLeft)));
    }
    await this.#finishReading();
  }

  /** One look at everything. False while the disk is full: nothing was consumed, nothing is lost. */
  async #tick(): Promise<boolean> {
    const { desk, summary, journal, clock, stopwatch } = this.#parts;
    try {
      this.#record();
      await this.#caps.look(journal, stopwatch);
      const { link, conversation } = this.#attempts;
      if (link?.exit() === undefined) conversation?.catchUp();
      await desk.serve((request) => this.#onRequest(request));
      await this.#tellState();
      this.#keepLimits();
      if (this.#departure.msLeft < 0) {
        await this.#tree.clear(this.#departure.graceMs);
        this.#departure.forget();
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
    const { link } = this.#attempts;
    const exit = link?.exit();
    // Of an adopted worker nobody learns the exit code, but our own signal we know.
    const signal = exit?.signal ?? (exit?.adopted ? (this.#tree.killedBy ?? null) : null);
    await this.#tree.clear();
    if (exit !== undefined) {
      journal.record('cc.worker.exited', {
        code: exit.code,
        signal,
        adopted: exit.adopted,
        unfinished_bytes: link?.unfinishedBytes || undefined,
      });
    }
  }

  #record(): void {
    const { journal, plan } = this.#parts;
    const { link } = this.#attempts;
    if (link !== undefined && recordLines(link, journal, plan)) this.#departure.heard();
    const { end_session, stop } = journal.progress;
    if (end_session.sent && stop === undefined) this.#departure.sessionEnded();
  }

  #onRequest(request: InboxRequest): OrderResult {
    if (request.kind === 'stop' || request.kind === 'kill') {
      this.stop('cancelled', 'controller', 'stopped on request');
      if (request.kind === 'kill') this.#departure.atOnce();
      return { ok: true, text: 'stopping' };
    }
    const { talk, conversation } = this.#attempts;
    if (talk === undefined || conversation === undefined) return { ok: false, text: FINISHING };
    this.#watcher.wake();
    return carryOut(request, talk, conversation);
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
