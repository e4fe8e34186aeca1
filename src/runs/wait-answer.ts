import * as z from 'zod';
import { compact } from '../core/json.ts';
import { byteLength, truncate } from '../core/text.ts';
import { isFinal } from '../core/vocabulary.ts';
import { type LiveRun, runView, viewOf } from './view.ts';

/** Room for what is told in one answer; beside it come the cursor and the ids of active runs. */
const VIEW_BYTES = 3500;
const BRIEF_BYTES = 4200;
const TITLE_CHARS = 40;
const QUESTION_CHARS = 120;
const NOT_MOVED_CHARS = 120;

/** A run in an answer: the whole view where there is room, else what its controller must know. */
export const toldView = runView.partial().extend({ run_id: z.string(), state: z.string() });
export type ToldView = z.infer<typeof toldView>;

/**
 * What an answer tells of these runs, endings first: whole views while all of them fit, else brief
 * ones, as many as fit. The others are left for the next call, which answers at once.
 */
export function tell(changed: readonly LiveRun[]): { views: ToldView[]; told: LiveRun[] } {
  const inOrder = [
    ...changed.filter((run) => isFinal(run.state)),
    ...changed.filter((run) => !isFinal(run.state)),
  ];
  const whole = inOrder.map((run): ToldView => viewOf(run));
  if (fitting(whole, VIEW_BYTES) === whole.length) return { views: whole, told: inOrder };
  const brief = whole.map(briefly);
  const count = Math.max(1, fitting(brief, BRIEF_BYTES));
  return { views: brief.slice(0, count), told: inOrder.slice(0, count) };
}

function briefly(view: ToldView): ToldView {
  const { run_id, state, title, usd, cost_complete, attention, questions, failure } = view;
  const { moved_to, moved_from, not_moved } = view;
  return {
    run_id,
    state,
    ...compact({
      title: title && truncate(title, TITLE_CHARS),
      usd,
      cost_complete,
      attention: attention?.slice(0, 1).map((flag) => truncate(flag, 80)),
      questions: questions?.map(({ question, text }) => ({
        question,
        text: truncate(text, QUESTION_CHARS),
      })),
      moved_to,
      moved_from,
      not_moved: not_moved && truncate(not_moved, NOT_MOVED_CHARS),
      failure: failure && { class: failure.class, evidence: [], retryable: failure.retryable },
    }),
  };
}

/** How many of the first of them have room. */
function fitting(views: readonly unknown[], room: number): number {
  let bytes = 0;
  const beyond = views.findIndex((view) => {
    bytes += byteLength(JSON.stringify(view)) + 1;
    return bytes > room;
  });
  return beyond === -1 ? views.length : beyond;
}
