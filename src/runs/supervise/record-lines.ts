import type { AttemptPlan } from './attempt.ts';
import { withoutWords } from './final-only.ts';
import type { Journal } from './journal.ts';
import { workerEvent } from './worker-event.ts';
import type { WorkerLink } from './worker-link.ts';

/**
 * Every complete line of the worker becomes one event, in order; a batch is recorded before anybody
 * acts on it. Tells whether there was one.
 */
export function recordLines(
  link: Pick<WorkerLink, 'peekLines' | 'consume'>,
  journal: Journal,
  plan: Pick<AttemptPlan, 'record' | 'hide'>,
): boolean {
  let any = false;
  for (let lines = link.peekLines(); lines.length > 0; lines = link.peekLines()) {
    journal.recordLines(
      lines.map((line) => {
        const { event, raw } = workerEvent(line, plan.hide);
        return { event: plan.record.final_only ? withoutWords(event) : event, raw };
      }),
    );
    link.consume();
    any = true;
  }
  return any;
}
