import { isKnown } from '../core/budget.ts';
import type { Attempt, Instance } from '../core/instance.ts';
import { nodeOfKey } from '../core/keys.ts';
import type { Plan } from '../plan.ts';
import type { Turn } from './turn.ts';

/** What something has used; `unpriced`: runs that did not tell all they cost, so that `usd` is a lower bound. */
export type CostRow = { name: string; runs: number; usd: number; unpriced: number; tokens: number };

/** Counts what each run has used, by node, profile and model, as the core booked it. */
export class Costs {
  readonly #plan: Plan;
  readonly #rows = { node: new Map(), profile: new Map(), model: new Map() } satisfies Record<
    By,
    Map<string, CostRow>
  >;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** What the core did not book (too late, twice) is not counted. */
  count({ event, before, after }: Turn): void {
    if (event.type !== 'run_ended' && event.type !== 'workflow_ended') return;
    if (before.spent === after.spent) return;
    const index = nodeOfKey(this.#plan, event.key);
    const attempt = attemptOf(before, index, event.key);
    const { usd, tokens } = event.usage;
    const own = event.type === 'run_ended' ? event : { profile: undefined, model: undefined };
    const isFollowUp = attempt?.phase === 'repairing';
    const used = {
      runs: isFollowUp ? 0 : 1,
      usd: usd ?? 0,
      unpriced: isKnown(event.usage) ? 0 : 1,
      tokens,
    };
    const unknown = event.type === 'workflow_ended' ? '(another workflow)' : '(unknown)';
    this.#add('node', this.#plan.nodes[index ?? -1]?.id ?? unknown, used);
    this.#add('profile', own.profile ?? attempt?.profile ?? unknown, used);
    this.#add('model', own.model ?? attempt?.model ?? unknown, used);
  }

  /** Dearest first. */
  by(what: By): CostRow[] {
    return [...this.#rows[what].values()].sort((a, b) => b.usd - a.usd || b.tokens - a.tokens);
  }

  #add(by: By, name: string, used: Omit<CostRow, 'name'>): void {
    const rows: Map<string, CostRow> = this.#rows[by];
    const row = rows.get(name) ?? { name, runs: 0, usd: 0, unpriced: 0, tokens: 0 };
    row.runs += used.runs;
    row.usd += used.usd;
    row.unpriced += used.unpriced;
    row.tokens += used.tokens;
    rows.set(name, row);
  }
}

type By = 'node' | 'profile' | 'model';

function attemptOf(
  instance: Instance,
  index: number | undefined,
  key: string,
): Attempt | undefined {
  const node = index === undefined ? undefined : instance.nodes[index];
  return node?.attempts.find((attempt) => attempt.key === key);
}
