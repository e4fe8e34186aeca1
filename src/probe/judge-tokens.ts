import { byteLength } from '../core/text.ts';
import type { Answer } from '../workers/claude/conversation-facts.ts';
import type { Conversation } from './conversation.ts';
import { type Finding, fail, isOver, notReached, pass } from './finding.ts';
import type { ProbeTask } from './tasks.ts';

/**
 * Bytes that surely were in the first request, and more tokens than it can have had. Claude Code 2.1.329
 * sends 4.4 kB; other versions may be leaner or talk more.
 */
const FIRST_BYTES = 2500;
const FIRST_MOST_TOKENS = 25_000;
/** No tokenizer makes fewer tokens of such text. */
const MOST_BYTES_PER_TOKEN = 10;
/** More than any answer here can have, thinking included, even where our limit is ignored. */
const OUTPUT_MOST_TOKENS = 40_000;

const FIX =
  'Budgets in tokens and USD cannot hold with this profile: bound its runs by time and turns (wall_seconds, max_turns), or ask the vendor to report usage.';

/**
 * Whether the tokens the service reports are plausible for what was sent and answered. They are all
 * that budgets can count.
 */
export function judgeTokenCounting(conversation: Conversation): Finding {
  // Of an answer that broke off the count may be missing.
  const answers = conversation.facts.answers.filter(({ done }) => done || isOver(conversation));
  const [first] = answers;
  if (first === undefined) return notReached(conversation);
  const inputs = answers.map((answer) => answer.input);
  const outputs = answers.map((answer) => answer.output);
  const told = `input ${inputs.join(' + ')}, output ${outputs.join(' + ')}`;
  if (inputs.includes(0)) return fail(`no input tokens reported (${told})`, FIX);
  // One token is what an answer begins with; a service that never tells more does not count.
  if (outputs.every((tokens) => tokens <= 1)) {
    return fail(`no output tokens reported (${told})`, FIX);
  }
  if (first.input < FIRST_BYTES / MOST_BYTES_PER_TOKEN) {
    return fail(`fewer input tokens reported than were sent (${told})`, FIX);
  }
  if (first.input > FIRST_MOST_TOKENS || Math.max(...outputs) > OUTPUT_MOST_TOKENS) {
    return fail(`far more tokens reported than there can have been (${told})`, FIX);
  }
  const grown = (answers.at(-1)?.input ?? 0) - first.input;
  const added = addedBytes(conversation.task, answers);
  if (grown < added / MOST_BYTES_PER_TOKEN) {
    return fail(
      `${added} bytes were added to the conversation, ${grown} input tokens to the count (${told})`,
      FIX,
    );
  }
  return pass(told);
}

/** What tools put into the conversation before the last answer. */
function addedBytes(task: ProbeTask, answers: readonly Answer[]): number {
  return answers
    .slice(0, -1)
    .flatMap(({ calls }) => calls)
    .filter((call) => call.result?.ok === true)
    .map((call) => Object.entries(task.files).find(([name]) => readsFile(call.input, name))?.[1])
    .reduce((sum, text) => sum + byteLength(text ?? ''), 0);
}

function readsFile(input: Readonly<Record<string, unknown>>, name: string): boolean {
  return typeof input.file_path === 'string' && input.file_path.endsWith(name);
}
