import type { Policy } from '../../workspace/policy.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';

const DAY_MS = 86_400_000;

export type Limits = Policy['retention'];

export type Selected = {
  run_id: string;
  ended: string;
  /** What its removal frees, a session nobody else refers to included. */
  bytes: number;
  session: string | null;
  reason: string;
};

export type Selection = {
  remove: Selected[];
  /** What stays, of the ended runs. */
  kept: { runs: number; bytes: number };
};

/**
 * Which ended runs are to go: those that are too old, then the oldest of those that are too many or
 * too large together. Never one of the newest, and never one whose task goes on (`busy` holds the
 * first runs of such tasks).
 */
export function selectRuns(
  catalogue: Catalogue,
  busy: ReadonlySet<string>,
  limits: Limits,
  now: Date,
): Selection {
  const newest = new Set(limits.keep_newest === 0 ? [] : catalogue.ids.slice(-limits.keep_newest));
  const count = new References(catalogue);
  const remove: Selected[] = [];
  for (const id of catalogue.ids) {
    const run = catalogue.runs.get(id);
    if (run === undefined || newest.has(id) || busy.has(run.root)) continue;
    const reason = reasonFor(run, limits, now, count);
    if (reason === undefined) continue;
    const bytes = count.remove(run);
    remove.push({ run_id: id, ended: run.ended, bytes, session: run.session, reason });
  }
  return { remove, kept: { runs: count.runs, bytes: count.bytes } };
}

function reasonFor(
  run: CatalogueEntry,
  limits: Limits,
  now: Date,
  left: References,
): string | undefined {
  const days = (now.getTime() - Date.parse(run.ended)) / DAY_MS;
  if (limits.days !== null && days > limits.days) return `ended ${Math.floor(days)} days ago`;
  if (limits.max_runs !== null && left.runs > limits.max_runs) {
    return `more than ${limits.max_runs} runs`;
  }
  if (limits.max_bytes !== null && left.bytes > limits.max_bytes) {
    return `more than ${limits.max_bytes} bytes`;
  }
  return undefined;
}

/** What is left while runs are taken out, and who still refers to which session. */
class References {
  runs: number;
  bytes: number;
  readonly #sessions: ReadonlyMap<string, number>;
  readonly #users = new Map<string, number>();

  constructor({ runs, sessions }: Catalogue) {
    this.#sessions = sessions;
    this.runs = runs.size;
    this.bytes = 0;
    for (const run of runs.values()) {
      this.bytes += run.bytes;
      if (run.session === null) continue;
      const users = this.#users.get(run.session) ?? 0;
      if (users === 0) this.bytes += sessions.get(run.session) ?? 0;
      this.#users.set(run.session, users + 1);
    }
  }

  /** Takes one out; answers the bytes that are free then. */
  remove(run: CatalogueEntry): number {
    let freed = run.bytes;
    if (run.session !== null) {
      const users = (this.#users.get(run.session) ?? 1) - 1;
      this.#users.set(run.session, users);
      if (users === 0) freed += this.#sessions.get(run.session) ?? 0;
    }
    this.runs -= 1;
    this.bytes -= freed;
    return freed;
  }
}
