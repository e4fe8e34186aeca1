import { plural } from '../core/text.ts';
import type { Answer, ToolCall } from '../workers/claude/conversation-facts.ts';
import type { Conversation } from './conversation.ts';
import { type Finding, fail, isOver, notReached, pass, unknown } from './finding.ts';
import { saidOf, statusOf } from './judge-connection.ts';
import { FIRST, SECOND } from './tasks.ts';

const TOOL = 'Read';
const OTHER_MODEL = 'Use another model for work with tools.';

/** Whether the model calls a tool as told, and the service takes the result back. */
export function judgeToolUse(conversation: Conversation): Finding {
  const { facts } = conversation;
  const { answers } = facts;
  const calls = readCalls(answers);
  const good = calls.filter((call) => call.result?.ok === true && isAsked(call));
  if (good.length === 0) return withoutCall(conversation, calls);
  if (facts.structured !== undefined && missedWords(conversation).length > 0) {
    return fail(
      'it called the tools, but its answer is not what they returned',
      `${OTHER_MODEL} This one makes up what it should have read.`,
    );
  }
  const last = answers.at(-1)?.calls ?? [];
  if (good.every((call) => last.includes(call))) return withoutAnswer(conversation);
  return pass(`${plural(good.length, 'call')}, and it went on with their results`);
}

/** Whether it makes several calls in one answer when told so; without it work takes more turns. */
export function judgeParallelToolUse(conversation: Conversation, toolUse: Finding): Finding {
  const { answers } = conversation.facts;
  const most = Math.max(0, ...answers.map((answer) => readCalls([answer]).length));
  if (most > 1) return pass(`${most} calls in one answer`);
  if (toolUse.verdict === 'pass') {
    return fail(
      'told to make two calls in one answer, it made them one after the other',
      'It works, with more turns: allow for them in max_turns, or use another model for broad reading.',
    );
  }
  return unknown('it depends on tool use', toolUse.fix ?? OTHER_MODEL);
}

/** Whether an answer can be made to fit a schema. */
export function judgeStructuredOutput(conversation: Conversation): Finding {
  const { facts } = conversation;
  if (facts.answers.length === 0) return notReached(conversation);
  if (facts.structured !== undefined) return pass('the answer fits its schema');
  if (facts.answers.some((answer) => answer.cut)) return cutShort();
  const tries = facts.answers.flatMap(({ calls }) => calls).filter(isStructured).length;
  if (!isOver(conversation)) return notReached(conversation);
  return fail(
    tries === 0
      ? `told to answer by schema, it never did in ${plural(facts.answers.length, 'answer')}`
      : `${plural(tries, 'answer')} by schema, none of which fits it`,
    'Use another model where an answer must be machine-readable.',
  );
}

/** Whether the model thinks before it answers. Only a task that asks for it can show that it does not. */
export function judgeThinking(
  basic: Conversation,
  thinking: Conversation | undefined,
): { finding: Finding; from: Conversation } {
  for (const from of [thinking, basic]) {
    if (from === undefined) continue;
    const { answers, thinking_tokens } = from.facts;
    const thoughts = answers.filter((answer) => answer.thought).length;
    if (thoughts > 0)
      return { finding: pass(`thinking in ${thoughts} of ${answers.length} answers`), from };
    if (thinking_tokens > 0) {
      return { finding: pass(`${thinking_tokens} tokens of thinking reported`), from };
    }
  }
  if (thinking === undefined) {
    if (basic.facts.answers.length === 0) return { finding: notReached(basic), from: basic };
    const finding = unknown(
      'it did not think, and this test gave it no reason to',
      'Test with level full.',
    );
    return { finding, from: basic };
  }
  if (thinking.facts.answers.length === 0) {
    return { finding: notReached(thinking), from: thinking };
  }
  const finding = fail(
    'at high effort it answered a question that takes reasoning without any thinking',
    'Use a model that thinks for architecture, review and security; this one will do for simple work.',
  );
  return { finding, from: thinking };
}

/** Whether it finds what stands in a long prompt. `sent` is its length in tokens. */
export function judgeLongContext(conversation: Conversation, window: number | undefined): Finding {
  const { facts, failure, task } = conversation;
  const sent = task.fillerWords;
  const claim = window === undefined ? 'no claim' : `of ${window} claimed`;
  const read = Math.max(0, ...facts.answers.map((answer) => answer.input));
  if (failure.class === 'context_overflow') return overflow(conversation, sent, window);
  if (facts.answers.length === 0) return notReached(conversation);
  if (facts.structured === undefined) {
    if (facts.answers.some((answer) => answer.cut)) return cutShort();
    return unknown(
      `it read ${read} tokens but did not answer by schema`,
      'Its structured output has to work first.',
    );
  }
  const missed = missedWords(conversation);
  if (missed.length > 0) {
    return fail(
      `in ${sent} tokens (${claim}) it did not find the ${missed.join(' and the ')} code word`,
      'Declare a smaller window for this model (CLAUDE_CODE_MAX_CONTEXT_TOKENS in the profile), or give long tasks to another one.',
    );
  }
  return pass(`found both code words in ${sent} tokens (${claim})`, sent);
}

/** Which code words its answer lacks. How it wraps them is not what is tested. */
function missedWords({ facts, task }: Conversation): string[] {
  const answer = JSON.stringify(facts.structured).toLowerCase();
  return Object.keys(task.expected).filter((field) => !answer.includes(task.expected[field] ?? ''));
}

function overflow(conversation: Conversation, sent: number, window: number | undefined): Finding {
  // Without a status nothing was sent: the worker CLI itself holds back what its settings forbid.
  if (statusOf(conversation) === undefined) {
    return unknown(
      `the worker CLI did not send ${sent} tokens: the profile allows it less`,
      'Test with a smaller budget.max_tokens.',
    );
  }
  return fail(
    `refused ${sent} tokens${window === undefined ? '' : `, although ${window} are claimed`}: ${saidOf(conversation)}`,
    'Declare a smaller window for this model (CLAUDE_CODE_MAX_CONTEXT_TOKENS in the profile).',
  );
}

function withoutCall(conversation: Conversation, calls: readonly ToolCall[]): Finding {
  const { answers } = conversation.facts;
  if (answers.length === 0) return notReached(conversation);
  const [bad] = calls.filter((call) => call.result !== undefined);
  if (bad !== undefined) {
    const problem = bad.result?.ok === false ? bad.result.text : 'another file than asked for';
    return fail(`it called ${bad.tool} wrongly: ${problem}`, OTHER_MODEL);
  }
  if (answers.some((answer) => answer.cut)) return cutShort();
  if (!isOver(conversation)) return notReached(conversation);
  return fail(
    `told to call ${TOOL}, it never did in ${answers.length} answers`,
    `${OTHER_MODEL} If the vendor says it can, check that the address serves tool calls.`,
  );
}

/** It made the call, but no answer to its result came. */
function withoutAnswer(conversation: Conversation): Finding {
  if (conversation.failure.class === 'provider_capability') {
    return fail(
      `the service refused the result of a tool: ${saidOf(conversation)}`,
      'It does not serve the whole Messages API. Use another profile for work with tools.',
    );
  }
  return notReached(conversation);
}

function cutShort(): Finding {
  return unknown(
    'its answer was cut at the limit on output tokens',
    'Test again; if it repeats, use another model: this one talks or thinks too much over a small task.',
  );
}

function readCalls(answers: readonly Answer[]): ToolCall[] {
  return answers.flatMap((answer) => answer.calls.filter((call) => !isStructured(call)));
}

function isStructured({ tool }: ToolCall): boolean {
  return tool === 'StructuredOutput';
}

function isAsked({ tool, input }: ToolCall): boolean {
  const path = typeof input.file_path === 'string' ? input.file_path : '';
  return tool === TOOL && [FIRST, SECOND].some((name) => path.endsWith(name));
}
