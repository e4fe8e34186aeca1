import { CcError } from '../core/errors.ts';
import { truncate } from '../core/text.ts';
import type { Host } from '../workspace/host.ts';
import { askSupervisor } from './ask.ts';
import type { FoundRun } from './find.ts';
import { lookAt } from './view.ts';

/** A question of a worker that waits for its controller. */
export type OpenQuestion = {
  /** `<run id>.<number>` */
  question: string;
  /** `permission`: it wants to do something outside its scope. */
  kind: 'question' | 'permission';
  title: string;
  text: string;
  /** Answers it offers, per question it asks. */
  options?: string[][] | undefined;
  asked: string;
};

/** The open questions of these runs, oldest first. */
export async function openQuestions(
  host: Host,
  runs: readonly FoundRun[],
): Promise<OpenQuestion[]> {
  const live = await Promise.all(runs.map((run) => lookAt(host, run)));
  return live
    .flatMap(({ run, summary }) =>
      (summary?.questions ?? []).map(({ number, ...question }) => ({
        question: `${run.record.run_id}.${number}`,
        title: truncate(run.record.title, 80),
        ...question,
      })),
    )
    .sort((a, b) => (a.asked < b.asked ? -1 : 1));
}

/** `<run id>.<number>` taken apart. */
export function parseQuestionId(text: string): { runId: string; number: number } {
  const [, runId, number] = /^(run_[a-z0-9_]+)\.(\d{1,6})$/.exec(text) ?? [];
  if (runId !== undefined && number !== undefined) return { runId, number: Number(number) };
  throw new CcError('BAD_INPUT', `Not a question: ${JSON.stringify(text.slice(0, 80))}.`, {
    hint: 'Questions look like run_….1; list them with cc_list_questions.',
  });
}

export type Answer = {
  allow?: boolean | undefined;
  answers?: readonly string[] | undefined;
  message?: string | undefined;
};

/** Answers a question. Words alone mean yes: they are what the worker asked for. */
export async function answerQuestion(
  host: Host,
  run: FoundRun,
  number: number,
  answer: Answer,
  { from, signal }: { from: string; signal: AbortSignal },
): Promise<{ answered: boolean; request_id?: string }> {
  if (answer.allow === undefined && !answer.answers?.length) {
    throw new CcError('BAD_INPUT', 'There is no answer.', {
      hint: 'Pass answers (one per question) or allow: true or false.',
    });
  }
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and answers nothing.', {
      hint: `Answer from a shell: cc-orchestrator answer-question ${run.record.run_id}.${number} …`,
    });
  }
  const payload = {
    question: number,
    allow: answer.allow ?? true,
    answers: [...(answer.answers ?? [])],
    ...(answer.message === undefined ? {} : { message: answer.message }),
  };
  const asked = await askSupervisor(host, run, { kind: 'answer', payload, from }, signal);
  if (asked.result === undefined) return { answered: false, request_id: asked.request_id };
  if (asked.result.ok) return { answered: true };
  throw new CcError('NOT_FOUND', `Nobody waits for this answer any more (${asked.result.text}).`, {
    hint: 'It was answered, withdrawn or timed out; see cc_list_questions.',
  });
}
