import { setImmediate } from 'node:timers/promises';
import type { Redactor } from '../../core/redact.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import type { Host } from '../../workspace/host.ts';
import type { Effect } from '../core/effects.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import { outstanding } from '../core/outstanding.ts';
import { reduce } from '../core/reduce.ts';
import { Effectors } from '../effects/effectors.ts';
import { isAtRest } from '../instances/ensure.ts';
import type { Entry, WorkflowJournal } from '../instances/journal.ts';
import type { FoundWorkflow } from '../instances/record.ts';
import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import { RequestDesk } from './requests.ts';
import { reopenWorkflow, settleWorkflow } from './settle.ts';
import { StateWriter } from './state-writer.ts';
import { Waker } from './waker.ts';

export type RunnerParts = {
  host: Host;
  found: FoundWorkflow;
  plan: Plan;
  instance: Instance;
  journal: WorkflowJournal;
  /** Ids of requests that were answered. */
  answered: Set<string>;
  redact: Redactor;
};

/**
 * Carries a workflow on: what happens is written down, then worked in, then what follows is done. All
 * events go through one queue, and what is there at once is written at once.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #queue: Timeless<WorkflowEvent>[] = [];
  readonly #watcher: DirectoryWatcher;
  readonly #over = new AbortController();
  readonly #effectors: Effectors;
  readonly #desk: RequestDesk;
  readonly #state: StateWriter;
  readonly #waker: Waker;
  #instance: Instance;
  #hasEnd: boolean;

  constructor(parts: RunnerParts) {
    const { host, found, plan, instance, journal, answered, redact } = parts;
    const { workspace, paths, record } = found;
    this.#parts = parts;
    this.#instance = instance;
    this.#hasEnd = record.end !== undefined;
    this.#watcher = new DirectoryWatcher([paths.inbox]);
    this.#desk = new RequestDesk(paths.inbox, answered, host.clock);
    this.#waker = new Waker(host, found);
    this.#state = new StateWriter(paths, host.clock, redact, () => ({
      seq: journal.seq,
      instance: this.#instance,
    }));
    this.#effectors = new Effectors({
      host,
      place: { cwd: record.cwd, source: 'argument', workspace },
      record,
      plan,
      instance: () => this.#instance,
      now: () => journal.now(),
      report: (event) => {
        this.#queue.push(event);
        this.#watcher.wake();
      },
      signal: this.#over.signal,
    });
  }

  async run(): Promise<void> {
    try {
      this.#begin();
      for (;;) {
        await this.#serve();
        while (this.#queue.length > 0) {
          this.#record(this.#queue.splice(0).map((event) => ({ event })));
          // What was started may have something to say at once.
          await setImmediate();
        }
        if (this.#hasEnd && !isOver(this.#instance.state)) {
          await reopenWorkflow(this.#parts.found);
          this.#hasEnd = false;
        }
        await this.#waker.look(this.#instance);
        await this.#state.write();
        if (this.#isDone()) break;
        await this.#watcher.changed(this.#state.dueInMs());
      }
      await this.#leave();
    } finally {
      this.#over.abort();
      this.#watcher.close();
      await this.#effectors.close();
    }
  }

  #begin(): void {
    if (this.#instance.state === 'pending') this.#queue.push({ type: 'started' });
    else this.#perform(outstanding(this.#parts.plan, this.#instance));
  }

  async #serve(): Promise<void> {
    await this.#desk.serve((decide) => {
      const entry = decide(this.#parts.plan, this.#instance);
      this.#record([entry]);
    });
  }

  /** Written down, worked in, and only then acted upon. */
  #record(entries: readonly Entry[]): void {
    const effects: Effect[] = [];
    for (const { event } of this.#parts.journal.append(entries)) {
      if (event === undefined) continue;
      const step = reduce(this.#parts.plan, this.#instance, event);
      this.#instance = step.instance;
      effects.push(...step.effects);
    }
    this.#state.changed();
    this.#perform(effects);
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#effectors.perform(effect);
  }

  #isDone(): boolean {
    return this.#queue.length === 0 && isAtRest(this.#parts.plan, this.#instance);
  }

  async #leave(): Promise<void> {
    await this.#state.write({ now: true });
    const { found, redact } = this.#parts;
    if (isOver(this.#instance.state)) await settleWorkflow(found, this.#instance, redact);
    await this.#waker.close();
  }
}
