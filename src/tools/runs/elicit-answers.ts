import type { FoundRun } from '../../runs/find.ts';
import {
  answerQuestion,
  type OpenQuestion,
  openQuestions,
  parseQuestionId,
} from '../../runs/questions.ts';
import { type WaitRequest, type WaitResult, waitForRuns } from '../../runs/wait.ts';
import type { Form, FormAnswer, ToolContext } from '../define.ts';

/**
 * Waits like `waitForRuns`; a question that comes up meanwhile is put before the person at the client,
 * where there is one, and once it is answered the waiting goes on.
 */
export async function waitAndAsk(context: ToolContext, request: WaitRequest): Promise<WaitResult> {
  const { host } = context;
  const until = host.clock.monotonic() + request.timeoutMs;
  for (let { cursor } = request; ; ) {
    const timeoutMs = Math.max(0, until - host.clock.monotonic());
    const result = await waitForRuns(host, { ...request, cursor, timeoutMs });
    const asking = request.runs.filter(({ record }) =>
      result.changed.some((view) => view.run_id === record.run_id && view.questions !== undefined),
    );
    const onlyQuestions = asking.length === result.changed.length;
    if (!(await elicitAnswers(context, asking)) || !onlyQuestions) return result;
    cursor = result.cursor;
  }
}

/** Asked once per server process: who declined leaves the answer to the controller. */
const asked = new Set<string>();
const KEPT = 1000;

const ALLOW = 'allow';
const DENY = 'deny';

/**
 * Puts open questions of these runs before the person at the client, where there is one. True when one
 * was answered, so that waiting on makes sense.
 */
async function elicitAnswers(context: ToolContext, runs: readonly FoundRun[]): Promise<boolean> {
  if (context.elicit === undefined || context.host.readOnly) return false;
  let answered = false;
  for (const question of await openQuestions(context.host, runs)) {
    if (asked.has(question.question)) continue;
    if (asked.size >= KEPT) asked.clear();
    asked.add(question.question);
    const content = await context.elicit(formFor(question));
    if (content === undefined) continue;
    const { runId, number } = parseQuestionId(question.question);
    const run = runs.find(({ record }) => record.run_id === runId);
    if (run === undefined) continue;
    const result = await answerQuestion(context.host, run, number, answerOf(question, content), {
      from: `${context.client.name} (a person)`,
      signal: context.signal,
    }).catch(() => ({ answered: false })); // answered elsewhere, or too late
    answered ||= result.answered;
  }
  return answered;
}

function formFor({ kind, title, text, options }: OpenQuestion): Form {
  const message = `The worker on "${title}" asks:\n${text}`;
  if (kind === 'permission') {
    return { message, fields: [{ name: 'answer', title: 'Answer', choices: [ALLOW, DENY] }] };
  }
  const lines = text.split('\n');
  const fields = (options ?? [[]]).map((choices, index) => ({
    name: `answer_${index + 1}`,
    title: lines[index] ?? 'Answer',
    ...(choices.length === 0 ? {} : { choices }),
  }));
  return { message, fields };
}

function answerOf(
  { kind, options }: OpenQuestion,
  content: FormAnswer,
): { allow?: boolean; answers?: string[] } {
  if (kind === 'permission') return { allow: content.answer === ALLOW };
  return {
    answers: (options ?? [[]]).map((_choices, index) =>
      String(content[`answer_${index + 1}`] ?? ''),
    ),
  };
}
