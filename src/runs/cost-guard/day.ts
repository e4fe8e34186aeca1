import { stat } from 'node:fs/promises';
import { ifThere } from '../../core/if-there.ts';
import { knownWorkspaces, type UserHome } from '../../workspace/home.ts';
import { type Workspace, workspaceAt } from '../../workspace/layout.ts';
import { readLogged } from '../usage/complete.ts';
import { dayOf } from '../usage/log.ts';
import { daysOf, openUsage } from '../usage/read.ts';
import type { Spending } from '../usage/spending.ts';
import { type Amount, amountOf, sumOfAmounts } from './amount.ts';
import { type Counted, shareOf } from './subject.ts';

/** What counts on a day: the runs that ended on it, added up by subject, and those that go on. */
export type Today = { ended: ReadonlyMap<string, Amount>; active: readonly Counted[] };

/** What is to be counted: a UTC day, and for whom. */
type Question = { day: string; subjects: readonly string[] };

/**
 * What one project uses on a day, followed as it grows: looking again costs as much as there are
 * active runs and new lines in the log, however many runs the day has had.
 */
class ProjectDay {
  readonly #workspace: Workspace;
  readonly #ended = new Map<string, Counted>();
  #sums = new Map<string, Amount>();
  #question: Question = { day: '', subjects: [] };
  #cursor: string | undefined;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  async look(question: Question): Promise<Today> {
    // The slots first: a run that ends meanwhile is then seen twice and counted once, never missed.
    const open = await openUsage(this.#workspace);
    const { days, unlogged } = await daysOf(this.#workspace);
    this.#ask(question);
    const { day } = question;
    if (days.has(day)) {
      const page = readLogged(this.#workspace, day, this.#cursor);
      this.#cursor = page.cursor;
      this.#take(page.lines);
    }
    this.#take([...unlogged, ...open.ended].filter((run) => dayOf(run.ended ?? '') === day));
    const active = [
      ...open.active,
      ...open.starting.map((slot) => ({ ...slot, model: null, by_model: {} })),
    ];
    return {
      ended: this.#sums,
      active: active
        .filter(({ run_id }) => !this.#ended.has(run_id))
        .map((run) => this.#counted(run)),
    };
  }

  #ask(question: Question): void {
    const { day, subjects } = question;
    const isNewDay = day !== this.#question.day;
    if (!isNewDay && subjects.join('\n') === this.#question.subjects.join('\n')) return;
    this.#question = question;
    if (isNewDay) {
      this.#cursor = undefined;
      this.#ended.clear();
    }
    this.#sums = new Map();
    for (const run of this.#ended.values()) this.#add(run);
  }

  /** The same record always gives the same line, so the first one counts. */
  #take(lines: readonly Spending[]): void {
    for (const line of lines) {
      if (this.#ended.has(line.run_id)) continue;
      const run = this.#counted(line);
      this.#ended.set(line.run_id, run);
      this.#add(run);
    }
  }

  #add(run: Counted): void {
    for (const subject of this.#question.subjects) {
      const share = shareOf(subject, run);
      if (share !== undefined) addTo(this.#sums, subject, amountOf(share));
    }
  }

  #counted({ run_id, profile, model, by_model }: Omit<Counted, 'project'>): Counted {
    return { run_id, profile, model, by_model, project: this.#workspace.root };
  }
}

/** The same for every project of the user, or for one. */
export class DayOfUser {
  readonly #home: UserHome;
  readonly #projects = new Map<string, ProjectDay>();
  #known: { stamp: number; roots: string[] } = { stamp: Number.NaN, roots: [] };

  constructor(home: UserHome) {
    this.#home = home;
  }

  /** `near` counts even where the user home does not know it (yet). */
  async look(question: Question, near: Workspace, everywhere: boolean): Promise<Today> {
    const roots = new Set([near.root, ...(everywhere ? await this.#roots() : [])]);
    const ended = new Map<string, Amount>();
    const active: Counted[] = [];
    for (const root of roots) {
      const today = await this.#project(root).look(question);
      for (const [subject, amount] of today.ended) addTo(ended, subject, amount);
      active.push(...today.active);
    }
    return { ended, active };
  }

  #project(root: string): ProjectDay {
    let project = this.#projects.get(root);
    if (project === undefined) {
      project = new ProjectDay(workspaceAt(root));
      this.#projects.set(root, project);
    }
    return project;
  }

  /** A project that is new changes the directory they are listed in. */
  async #roots(): Promise<string[]> {
    const stamp = await modifiedAt(this.#home.workspaces);
    if (stamp !== this.#known.stamp) {
      this.#known = { stamp, roots: await knownWorkspaces(this.#home) };
    }
    return this.#known.roots;
  }
}

function addTo(sums: Map<string, Amount>, subject: string, amount: Amount): void {
  const before = sums.get(subject);
  sums.set(subject, before === undefined ? amount : sumOfAmounts([before, amount]));
}

async function modifiedAt(path: string): Promise<number> {
  return (await ifThere(stat(path)))?.mtimeMs ?? 0;
}
