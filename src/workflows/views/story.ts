import type { WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import { reduce } from '../core/reduce.ts';
import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import { actOf } from './acts.ts';
import { Costs } from './costs.ts';
import { nodeTurns } from './node-turns.ts';
import type { Quote } from './quote.ts';
import type { Turn } from './turn.ts';

/** One decision or happening, as Markdown. */
export type Entry = { time: string; text: string; times: number };

export type Story = { entries: Entry[]; costs: Costs; last: Instance };

/**
 * What happened, in order, by going through the journal once more: nothing is told that the core did not
 * decide, and what it ignored (too late, twice) is not told.
 */
export function tellStory(
  plan: Plan,
  first: Instance,
  events: Iterable<WorkflowEvent>,
  quote: Quote,
): Story {
  const entries: Entry[] = [];
  const costs = new Costs(plan);
  let last = first;
  for (const event of events) {
    const turn = turnOf(plan, last, event);
    costs.count(turn);
    for (const text of turnTexts(turn, quote)) add(entries, event.time, text);
    last = turn.after;
  }
  return { entries, costs, last };
}

export function turnOf(plan: Plan, before: Instance, event: WorkflowEvent): Turn {
  const { instance: after, effects } = reduce(plan, before, event);
  return { plan, event, before, after, effects };
}

/** What one event meant, as Markdown; nothing where it changed nothing. */
export function turnTexts(turn: Turn, quote: Quote): string[] {
  return [...actOf(turn, quote), ...nodeTurns(turn, quote), ...turnOfAll(turn, quote)];
}

/** The same again (a start that is refused, and refused) is one entry. */
function add(entries: Entry[], time: string, text: string): void {
  const last = entries.at(-1);
  if (last?.text === text) last.times += 1;
  else entries.push({ time, text, times: 1 });
}

function turnOfAll({ before, after }: Turn, quote: Quote): string[] {
  if (before.state === after.state) return [];
  if (isOver(after.state))
    return [`**The workflow is ${after.state}**: ${quote(after.reason, 600)}`];
  if (after.state !== 'waiting_approval') return [];
  return ['Nothing else can go on until somebody decides.'];
}
