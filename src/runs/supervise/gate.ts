import {
  compact,
  isObject,
  type JsonObject,
  objectAt,
  parseJson,
  stringAt,
} from '../../core/json.ts';
import { budgetNote, contextNote } from '../../prompts/closing.ts';
import {
  type Decision,
  getUsage,
  hookAnswer,
  permissionDenied,
} from '../../workers/claude/control.ts';
import { decideToolCall } from '../../workers/claude/guard.ts';
import { describeToolUse } from '../../workers/claude/tool-text.ts';
import type { WriteSize } from '../../workers/claude/write-size.ts';
import { contextShare } from '../context.ts';
import { callCost, limitText, nudgeFor, shareOf } from '../limits.ts';
import type { Progress } from '../progress.ts';
import { type Touched, weighWrite } from '../scope/allowance.ts';
import type { Closing } from './closing.ts';
import { requestId } from './ids.ts';
import { optionsOf, QUESTION_TOOL, questionText } from './question-text.ts';
import { limitsNow, type Talk } from './talk.ts';

type Unanswered = Progress['unanswered'][string];

/**
 * Where every tool call of the worker waits for leave. Nothing goes on while we hold the answer, so
 * this is also the place where budgets hold: before a call is let through, everything spent so far is
 * counted, and the next model call has to fit.
 */
export class Gate {
  readonly #talk: Talk;
  readonly #closing: Closing;
  #usageAskedFor = 0;
  /** The attempt whose worker was told that its context fills up. */
  #warnedIn = 0;

  constructor(talk: Talk, closing: Closing) {
    this.#talk = talk;
    this.#closing = closing;
  }

  /** Answers whatever can be answered now; the rest stays held. */
  answerAll(): void {
    for (const [id, question] of Object.entries(this.#progress.unanswered)) {
      if (question.kind === 'permission') this.#refusePermission(id, question);
      else if (question.kind === 'hook' && this.#isFree(id, question)) {
        this.#answerHook(id, question);
      }
    }
  }

  /** The controller's answer to question `number`. Tells whether there was such a question. */
  answerQuestion(number: number, answer: QuestionAnswer): boolean {
    const question = this.#progress.questions[number];
    const asked = question && this.#progress.unanswered[question.request_id];
    if (question === undefined || asked === undefined) return false;
    const { input, about } = this.#read(question.request_id, asked);
    const decision = decisionOf(question.kind, answer);
    const answers = question.kind === 'question' && decision.allow === true;
    this.#send(question.request_id, about, decision, {
      by: answer.by,
      ...(answers ? { input: { ...input, answers: byQuestion(input, answer.answers) } } : {}),
    });
    return true;
  }

  /** Questions that nobody answered in time are answered with no. */
  expireQuestions(): void {
    const now = this.#talk.stopwatch.elapsedMs();
    for (const [number, { until_ms }] of Object.entries(this.#progress.questions)) {
      if (now < until_ms) continue;
      this.answerQuestion(Number(number), {
        allow: false,
        answers: [],
        by: 'timeout',
        message:
          'Nobody answered in time. Go on without it: decide yourself, stay in your scope, and say what you assumed.',
      });
    }
  }

  get #touched(): Touched {
    return this.#progress.touched;
  }

  get #progress(): Progress {
    return this.#talk.journal.progress;
  }

  /** Nothing stands in the way of this call but the scope. Otherwise it waits, or the run is ending. */
  #isFree(id: string, question: Unanswered): boolean {
    const { closing, stop, questions } = this.#progress;
    if (closing?.message !== undefined) this.#closing.refuseTools();
    if (closing !== undefined || stop !== undefined) return false;
    if (Object.values(questions).some(({ request_id }) => request_id === id)) return false;
    const { record } = this.#talk;
    if (this.#talk.isMetered() && this.#progress.usage_asked_at < question.seq) {
      this.#askUsage(question.seq);
      return false;
    }
    if (this.#closing.beginBefore(callCost(this.#progress, record))) return false;
    return !this.#closing.beginHandover();
  }

  /** Figures that surely include the call that is held: asked for after it came. */
  #askUsage(seq: number): void {
    if (this.#usageAskedFor >= seq) return;
    this.#usageAskedFor = this.#progress.seq;
    this.#talk.link.send(getUsage(requestId(`usage-${this.#progress.seq}`)));
  }

  #answerHook(id: string, question: Unanswered): void {
    const { input, about } = this.#read(id, question);
    const weighed = weighWrite(about.tool, input, this.#talk.record, this.#touched);
    const allowed = this.#decide(about.tool, input);
    const refusal = allowed.allow === true ? weighed?.refusal : undefined;
    const decision = refusal === undefined ? allowed : { allow: false, reason: refusal };
    if ('ask' in decision && this.#talk.record.ask !== undefined) {
      this.#ask(about, input, decision.reason);
    } else {
      const touched = decision.allow === true ? weighed?.size : undefined;
      this.#send(id, about, decision, { note: this.#note(decision), ...compact({ touched }) });
    }
  }

  #decide(tool: string, input: JsonObject): Decision {
    const { guard, record } = this.#talk;
    if (tool === QUESTION_TOOL && record.ask !== undefined) {
      return { allow: false, reason: 'for the controller', ask: true };
    }
    // Here too, because a take-over or a fresh session must not bring the changes back.
    const mode = this.#progress.mode ?? record.mode;
    const scope = mode === 'read_only' ? undefined : guard.scope;
    const decision = decideToolCall(tool, input, { ...guard, scope });
    if (decision.allow === false || guard.scope === undefined) return decision;
    for (const less of [...(record.narrowed ?? []), ...this.#progress.narrowed]) {
      const scope = {
        paths: less.paths ?? guard.scope.paths,
        commands: less.commands ?? guard.scope.commands,
      };
      const narrowed = decideToolCall(tool, input, { ...guard, scope });
      // What the controller took away is not offered to it again as a question.
      if (narrowed.allow === false) return { allow: false, reason: narrowed.reason };
    }
    return decision;
  }

  #ask(about: About, input: JsonObject, reason: string): void {
    const { journal, record, stopwatch } = this.#talk;
    const isQuestion = about.tool === QUESTION_TOOL;
    const seconds = record.ask?.timeout_seconds ?? 0;
    journal.record('cc.question.asked', {
      ...about,
      question: this.#progress.questions_asked + 1,
      kind: isQuestion ? 'question' : 'permission',
      text: isQuestion ? questionText(input) : `May it use ${describe(about, input)}? ${reason}`,
      ...(isQuestion ? { options: optionsOf(input) } : {}),
      until_ms: stopwatch.elapsedMs() + seconds * 1000,
    });
  }

  /** What the worker should know beside the result: its budget, or how full its context is. */
  #note(decision: Decision): string | undefined {
    if (decision.allow === false) return undefined;
    const { journal } = this.#talk;
    const nudge = nudgeFor(limitsNow(this.#talk), this.#progress.nudged);
    if (nudge !== undefined) {
      const text = limitText(nudge.limit);
      journal.record('cc.budget.nudged', { mark: nudge.mark, limit: nudge.limit.name, text });
      return budgetNote(Math.round(shareOf(nudge.limit) * 100), text);
    }
    const context = contextShare(this.#progress, this.#talk.record.context_window);
    if (context === undefined || context.share < context.warn) return undefined;
    if (this.#warnedIn === this.#progress.attempt) return undefined;
    this.#warnedIn = this.#progress.attempt;
    return contextNote(Math.round(context.share * 100));
  }

  #read(id: string, question: Unanswered): { input: JsonObject; about: About } {
    const raw = parseJson(this.#talk.link.readLineAt(question.raw).toString('utf8'));
    const request = objectAt(raw, 'request');
    const source = question.kind === 'hook' ? objectAt(request, 'input') : request;
    const tool = stringAt(source, 'tool_name') ?? 'unknown';
    const input = objectAt(source, question.kind === 'hook' ? 'tool_input' : 'input') ?? {};
    return { input, about: { request_id: id, tool, target: describeToolUse(input).target } };
  }

  #send(
    id: string,
    about: About,
    decision: Decision,
    {
      by,
      touched,
      ...extra
    }: {
      note?: string | undefined;
      input?: JsonObject;
      by?: string;
      touched?: WriteSize;
    },
  ): void {
    this.#talk.link.send(hookAnswer(id, decision, extra));
    this.#talk.journal.record('cc.hook.answered', {
      ...about,
      ...decision,
      ...compact({ by, touched }),
    });
  }

  /** Our hook decides everything, so a question that comes all the same is one nobody can answer. */
  #refusePermission(id: string, question: Unanswered): void {
    const { about } = this.#read(id, question);
    const reason = 'Nobody is there to ask; this call is not allowed.';
    this.#talk.link.send(permissionDenied(id, reason));
    this.#talk.journal.record('cc.permission.answered', { ...about, allow: false, reason });
  }
}

export type QuestionAnswer = {
  allow: boolean;
  /** One per question of the worker, in its order. */
  answers: readonly string[];
  message?: string | undefined;
  by: string;
};

type About = { request_id: string; tool: string; target: string | undefined };

function decisionOf(kind: 'question' | 'permission', answer: QuestionAnswer): Decision {
  if (answer.allow) return { allow: true, reason: answer.message ?? 'allowed by the controller' };
  const no = kind === 'question' ? 'The controller did not answer.' : 'The controller said no.';
  return { allow: false, reason: answer.message ?? no };
}

/** As the tool takes them: by the text of each question. */
function byQuestion(input: JsonObject, answers: readonly string[]): JsonObject {
  const questions = Array.isArray(input.questions) ? input.questions.filter(isObject) : [];
  return Object.fromEntries(
    questions.map((question, index) => [
      stringAt(question, 'question') ?? '',
      answers[index] ?? answers.at(-1) ?? '',
    ]),
  );
}

function describe(about: About, input: JsonObject): string {
  const { input: shown } = describeToolUse(input);
  return `${about.tool} ${about.target ?? ''} ${shown}`.trim();
}
