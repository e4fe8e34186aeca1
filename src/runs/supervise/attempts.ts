import { freeze, killProcess, thaw } from '../../proc/terminate.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import { type AttemptPlan, sessionFor, startAttempt } from './attempt.ts';
import { Conversation } from './conversation.ts';
import type { Departure } from './departure.ts';
import type { Journal } from './journal.ts';
import { MessageStore } from './message-store.ts';
import { handoverName, handoverText, openingTexts } from './opening.ts';
import { recordLines } from './record-lines.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { Talk } from './talk.ts';
import { WorkerLink } from './worker-link.ts';
import type { WorkerTree } from './worker-tree.ts';

/** So many workers in a row may vanish before they take up their task; then the run fails. */
const MAX_FRUITLESS = 3;

export type AttemptsParts = {
  /** Somebody has supervised this run before. */
  takeOver: boolean;
  journal: Journal;
  plan: AttemptPlan;
  stopwatch: Stopwatch;
  tree: WorkerTree;
  departure: Departure;
  /** What a conversation needs beside the worker it speaks to. */
  talk: Pick<Talk, 'clock' | 'guardLimit' | 'isMetered' | 'stop'>;
  onStarted: () => Promise<void>;
  onExit: () => void;
};

/** The workers of a run, one after the other: started, adopted, started again, followed by a fresh one. */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #texts: MessageStore;
  #link: WorkerLink | undefined;
  #talk: Talk | undefined;
  #conversation: Conversation | undefined;
  startError: string | undefined;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    this.#texts = new MessageStore(parts.plan.paths.messages);
  }

  /** The present worker, as long as there was one. */
  get link(): WorkerLink | undefined {
    return this.#link;
  }

  get talk(): Talk | undefined {
    return this.#talk;
  }

  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  interrupt(): void {
    this.#parts.departure.interrupted();
    if (this.#link?.exit() === undefined) this.#conversation?.interrupt();
  }

  /** Starts, adopts or restarts the worker. False when there is nothing to follow. */
  async begin(): Promise<boolean> {
    const { journal, tree, onStarted } = this.#parts;
    const { progress } = journal;
    if (progress.attempt === 0) return this.#start(1);
    if (progress.worker_exit === undefined) {
      const link = this.#adopt();
      if (link !== undefined) this.#record(link);
      if (progress.stop !== undefined) {
        this.interrupt(); // a predecessor has perhaps only journaled that it did
        return true;
      }
      if (link !== undefined && (await this.#hasTask(link))) {
        await onStarted(); // the record of a predecessor may still say that it starts
        return true;
      }
      await tree.clear();
      journal.record('cc.worker.exited', { code: null, signal: null, adopted: true });
    }
    return this.next();
  }

  /** What follows a worker that has gone. False when nothing does. */
  async next(): Promise<boolean> {
    const { worker_exit, task, stop } = this.#parts.journal.progress;
    // Nobody knows how it ended, and it never took up the task: starting it again does nothing twice.
    const mayBegin = worker_exit?.adopted && !task?.started && stop === undefined;
    return mayBegin ? this.#startAgain() : this.#handOver();
  }

  async #startAgain(): Promise<boolean> {
    const { fruitless, attempt } = this.#parts.journal.progress;
    this.#link?.close();
    if (fruitless < MAX_FRUITLESS) return this.#start(attempt + 1);
    this.startError = `${MAX_FRUITLESS} workers in a row vanished before they took up the task`;
    return false;
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
    const { journal, plan, stopwatch, takeOver, tree, departure, ...parts } = this.#parts;
    // A predecessor may have died between starting a worker and recording it.
    if (takeOver) await tree.clear();
    const session = sessionFor(plan.record, attempt, journal.progress.rotations);
    let link: WorkerLink;
    try {
      link = await startAttempt(plan, attempt, session, stopwatch.remainingMs(), parts.onExit);
    } catch (error) {
      this.startError = error instanceof Error ? error.message : String(error);
      await tree.clear();
      return false;
    }
    journal.record('cc.worker.started', { attempt, worker: link.identity });
    tree.follow(link.identity);
    this.#converse(link).open();
    departure.forget();
    await parts.onStarted();
    return true;
  }

  #adopt(): WorkerLink | undefined {
    const { plan, journal, tree } = this.#parts;
    const { progress } = journal;
    if (progress.worker === undefined) return undefined;
    tree.follow(progress.worker);
    const link = WorkerLink.adopt({
      identity: progress.worker,
      paths: plan.paths,
      attempt: progress.attempt,
      offset: progress.raw_offset,
    });
    this.#converse(link);
    return link;
  }

  /**
   * Whether the adopted worker has taken up its task. It is stopped while we look, for it must not do
   * so while it is being replaced; one that has not is ended without another chance to.
   */
  async #hasTask(link: WorkerLink): Promise<boolean> {
    const { progress } = this.#parts.journal;
    if (progress.task?.started !== true) {
      await freeze(link.identity);
      this.#record(link); // it says that it begins before it asks the model
    }
    if (progress.task?.started) {
      thaw(link.identity); // a predecessor may have been killed in the middle of this
      return true;
    }
    await killProcess(link.identity);
    this.#record(link);
    return progress.task?.started === true;
  }

  #record(link: WorkerLink): void {
    recordLines(link, this.#parts.journal, this.#parts.plan);
  }

  #converse(link: WorkerLink): Conversation {
    const { journal, plan, stopwatch, departure, talk } = this.#parts;
    this.#link = link;
    this.#talk = {
      ...talk,
      link,
      journal,
      stopwatch,
      record: plan.record,
      guard: plan.guard,
      texts: this.#texts,
      dismiss: () => departure.atOnce(),
    };
    this.#conversation = new Conversation(this.#talk, () =>
      openingTexts(plan.task, journal.progress, this.#texts),
    );
    return this.#conversation;
  }
}
