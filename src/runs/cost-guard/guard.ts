import type { Clock } from '../../core/clock.ts';
import type { UsageByModel } from '../../workers/events.ts';
import type { UserHome } from '../../workspace/home.ts';
import { workspaceAt } from '../../workspace/layout.ts';
import type { RunRecord } from '../record.ts';
import { dayOf } from '../usage/log.ts';
import { activeSpending } from '../usage/spending.ts';
import { type CapsBySubject, capsStamp, readCaps } from './caps.ts';
import { DayOfUser, type Today } from './day.ts';
import { dayLimits, type GuardLimit, hasDayCap, reached, runLimits } from './limits.ts';
import {
  type CapSet,
  type Counted,
  capSets,
  countedRun,
  isOfOneProject,
  shareOf,
} from './subject.ts';

/** What a running run has used by now, as its supervisor knows it. */
export type OwnUsage = { byModel: UsageByModel; elapsedMs: number };

/** How old what other runs have used may be; their summaries are written once a second. */
const OTHERS_MS = 1000;

/**
 * The caps of the user as they concern one run while it runs. Made once per supervisor and asked at
 * every model message and every tick: without caps that costs one look at a file's time, with caps
 * on a day as much as there are active runs, once a second.
 */
export class CostGuard {
  readonly #home: UserHome;
  readonly #clock: Clock;
  readonly #record: RunRecord;
  readonly #days: DayOfUser;
  #caps: { stamp: string; all: CapsBySubject } = { stamp: '', all: {} };
  #others: { at: number; day: string; today: Today } = { at: -Infinity, day: '', today: NOTHING };

  constructor(host: { home: UserHome; clock: Clock }, record: RunRecord) {
    this.#home = host.home;
    this.#clock = host.clock;
    this.#record = record;
    this.#days = new DayOfUser(host.home);
  }

  /** The cap that ends this run now, if any. */
  async verdict(own: OwnUsage): Promise<GuardLimit | undefined> {
    return reached(await this.limits(own));
  }

  /** Every cap that concerns this run, with what counts against it at this moment. */
  async limits(own: OwnUsage): Promise<GuardLimit[]> {
    const run = this.#counted(own);
    const sets = capSets(await this.#currentCaps()).filter(
      ({ subject }) => shareOf(subject, run) !== undefined,
    );
    const perRun = sets.flatMap((set) => runLimits(set, run, own.elapsedMs));
    const perDay = sets.filter(hasDayCap);
    if (perDay.length === 0) return perRun;
    const today = withRun(await this.#today(perDay), run);
    return [...perRun, ...perDay.flatMap((set) => dayLimits(set, today))];
  }

  /** The caps may be changed while the run goes on; those that cannot be read leave the last ones. */
  async #currentCaps(): Promise<CapsBySubject> {
    try {
      const stamp = capsStamp(this.#home);
      if (stamp !== this.#caps.stamp) this.#caps = { stamp, all: await readCaps(this.#home) };
    } catch {
      // Whoever starts the next run is told.
    }
    return this.#caps.all;
  }

  async #today(sets: readonly CapSet[]): Promise<Today> {
    const day = dayOf(this.#clock.now());
    const at = this.#clock.monotonic();
    if (day !== this.#others.day || at - this.#others.at >= OTHERS_MS) {
      const everywhere = !sets.every(({ subject }) => isOfOneProject(subject));
      const subjects = sets.map(({ subject }) => subject);
      this.#others = { at, day, today: await this.#look({ day, subjects }, everywhere) };
    }
    return this.#others.today;
  }

  /** A project that cannot be read at the moment must not end the runs of the others. */
  async #look(question: { day: string; subjects: string[] }, everywhere: boolean): Promise<Today> {
    try {
      return await this.#days.look(question, workspaceAt(this.#record.workspace), everywhere);
    } catch {
      return question.day === this.#others.day ? this.#others.today : NOTHING;
    }
  }

  #counted({ byModel, elapsedMs }: OwnUsage): Counted {
    const summary = { by_model: byModel, elapsed_ms: elapsedMs, model_calls: 0 };
    const { by_model } = activeSpending(this.#record, summary);
    return { ...countedRun(this.#record), by_model };
  }
}

const NOTHING: Today = { ended: new Map(), active: [] };

/** A run knows its own usage better than its summary does. */
function withRun({ ended, active }: Today, run: Counted): Today {
  return { ended, active: [...active.filter(({ run_id }) => run_id !== run.run_id), run] };
}
