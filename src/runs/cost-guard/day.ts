import { stat } from 'node:fs/promises';
import { errnoOf } from '../../core/errors.ts';
import { knownWorkspaces, type UserHome } from '../../workspace/home.ts';
import { type Workspace, workspaceAt } from '../../workspace/layout.ts';
import { readLogged } from '../usage/complete.ts';
import { dayOf } from '../usage/log.ts';
import { daysOf, openUsage } from '../usage/read.ts';
import type { Spending } from '../usage/spending.ts';
import type { Counted } from './subject.ts';

/** What counts today: the runs that ended today, and those that go on. */
export type Today = { runs: Counted[]; active: Counted[] };

/**
 * What one project uses on a day, followed as it grows: looking again costs as much as there are
 * active runs and new lines in the log.
 */
class ProjectDay {
  readonly #workspace: Workspace;
  readonly #ended = new Map<string, Counted>();
  #day = '';
  #cursor: string | undefined;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  async look(day: string): Promise<Today> {
    // The slots first: a run that ends meanwhile is then seen twice and counted once, never missed.
    const open = await openUsage(this.#workspace);
    const { days, unlogged } = await daysOf(this.#workspace);
    if (day !== this.#day) this.#forget(day);
    if (days.has(day)) {
      const page = readLogged(this.#workspace, day, this.#cursor);
      if (page.reset) this.#ended.clear();
      this.#cursor = page.cursor;
      this.#take(page.lines);
    }
    this.#take([...unlogged, ...open.ended].filter((run) => dayOf(run.ended ?? '') === day));
    const active = [
      ...open.active.map((run) => this.#counted(run)),
      ...open.starting.map(({ run_id, profile }) => this.#counted({ run_id, profile, ...NOTHING })),
    ].filter((run) => !this.#ended.has(run.run_id));
    return { runs: [...this.#ended.values(), ...active], active };
  }

  #forget(day: string): void {
    this.#day = day;
    this.#cursor = undefined;
    this.#ended.clear();
  }

  #take(lines: readonly Spending[]): void {
    for (const line of lines) this.#ended.set(line.run_id, this.#counted(line));
  }

  #counted({ run_id, profile, model, by_model }: Omit<Counted, 'project'>): Counted {
    return { run_id, profile, model, by_model, project: this.#workspace.root };
  }
}

const NOTHING = { model: null, by_model: {} };

/** The same for every project of the user, or for one. */
export class DayOfUser {
  readonly #home: UserHome;
  readonly #projects = new Map<string, ProjectDay>();
  #known: { stamp: number; roots: string[] } = { stamp: Number.NaN, roots: [] };

  constructor(home: UserHome) {
    this.#home = home;
  }

  /** `near` counts even where the user home does not know it (yet). */
  async look(day: string, near: Workspace, everywhere: boolean): Promise<Today> {
    const roots = new Set([near.root, ...(everywhere ? await this.#roots() : [])]);
    const all: Today = { runs: [], active: [] };
    for (const root of roots) {
      const today = await this.#project(root).look(day);
      all.runs.push(...today.runs);
      all.active.push(...today.active);
    }
    return all;
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

async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
