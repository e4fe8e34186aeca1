import {
  arrayAt,
  isObject,
  type JsonObject,
  numberAt,
  objectAt,
  stringAt,
} from '../../core/json.ts';
import { clean, nameAt } from './event-fields.ts';
import { resultText } from './tool-text.ts';

export type ToolCall = {
  id: string;
  tool: string;
  input: JsonObject;
  /** What came of it; absent while it was not carried out. */
  result?: { ok: boolean; text: string };
};

/** One answer of the model service, put together from everything the stream says about it. */
export type Answer = {
  id: string;
  /** The model it claims to come from. */
  model: string;
  /** Pieces it was streamed in; 0 means that it came whole. */
  pieces: number;
  calls: ToolCall[];
  thought: boolean;
  /** The service itself ended it, so that its figures are complete. */
  done: boolean;
  /** It was ended by the limit on output. */
  cut: boolean;
  /** Tokens as the service reports them; `input` is all that was read, cached or not. */
  input: number;
  cache_read: number;
  cache_write: number;
  output: number;
};

/** What a stream with partial messages shows beyond the normalised events. */
export type ConversationFacts = {
  answers: Answer[];
  /** From the first request to the first piece of an answer, in ms. */
  first_piece_ms?: number;
  /** A request was sent, or at least begun. */
  requested_at?: number;
  /** Present once the turn ended with an answer that fits the schema. */
  structured?: unknown;
  thinking_tokens: number;
  /** Answers under way, by id: most become answers, some are given up for a retry. */
  open: Map<string, Answer>;
};

export function emptyFacts(): ConversationFacts {
  return { answers: [], thinking_tokens: 0, open: new Map() };
}

const RESULT_CHARS = 300;

/** Folds one line of the stream in; `atMs` is when it came, on a clock that never goes back. */
export function addLine(facts: ConversationFacts, raw: JsonObject, atMs: number): void {
  switch (raw.type) {
    case 'system':
      if (raw.status === 'requesting') facts.requested_at ??= atMs;
      return;
    case 'stream_event':
      streamed(facts, raw, atMs);
      return;
    case 'assistant':
      answered(facts, raw, atMs);
      return;
    case 'user':
      carriedOut(facts, raw);
      return;
    case 'result': {
      if (raw.structured_output != null) facts.structured = raw.structured_output;
      for (const usage of Object.values(objectAt(raw, 'modelUsage') ?? {})) {
        facts.thinking_tokens += numberAt(usage, 'thinkingTokens') ?? 0;
      }
      return;
    }
  }
}

function streamed(facts: ConversationFacts, raw: JsonObject, atMs: number): void {
  const event = objectAt(raw, 'event');
  const message = objectAt(event, 'message');
  const id = nameAt(message, 'id') ?? nameAt(raw, 'api_message_id');
  if (id === undefined) return;
  const answer = openAnswer(facts, id, atMs);
  answer.model ||= nameAt(message, 'model') ?? '';
  count(answer, objectAt(message, 'usage'));
  count(answer, objectAt(event, 'usage'));
  if (event?.type === 'content_block_delta') answer.pieces += 1;
  ended(answer, objectAt(event, 'delta')?.stop_reason);
}

function answered(facts: ConversationFacts, raw: JsonObject, atMs: number): void {
  const message = objectAt(raw, 'message');
  const id = nameAt(message, 'id');
  // The CLI's own words about a failure are no answer.
  if (id === undefined || message?.model === '<synthetic>' || raw.error !== undefined) return;
  const answer = openAnswer(facts, id, atMs);
  if (!facts.answers.includes(answer)) facts.answers.push(answer);
  answer.model = nameAt(message, 'model') ?? '';
  count(answer, objectAt(message, 'usage'));
  ended(answer, message?.stop_reason);
  for (const block of arrayAt(message, 'content')) {
    const type = stringAt(block, 'type');
    if (type === 'thinking' || type === 'redacted_thinking') answer.thought = true;
    if (type !== 'tool_use') continue;
    answer.calls.push({
      id: nameAt(block, 'id') ?? '',
      tool: nameAt(block, 'name') ?? 'unknown',
      input: objectAt(block, 'input') ?? {},
    });
  }
}

function carriedOut(facts: ConversationFacts, raw: JsonObject): void {
  const content = objectAt(raw, 'message')?.content;
  for (const block of Array.isArray(content) ? content : []) {
    if (!isObject(block) || block.type !== 'tool_result') continue;
    const calls = facts.answers.flatMap((answer) => answer.calls);
    const call = calls.find(({ id }) => id === block.tool_use_id);
    if (call === undefined) continue;
    const text = clean(resultText(block.content), RESULT_CHARS);
    call.result = { ok: block.is_error !== true, text };
  }
}

function openAnswer(facts: ConversationFacts, id: string, atMs: number): Answer {
  facts.first_piece_ms ??= Math.round(atMs - (facts.requested_at ?? atMs));
  const known = facts.open.get(id);
  if (known !== undefined) return known;
  const answer = {
    id,
    model: '',
    pieces: 0,
    calls: [],
    thought: false,
    done: false,
    cut: false,
    input: 0,
    cache_read: 0,
    cache_write: 0,
    output: 0,
  };
  facts.open.set(id, answer);
  return answer;
}

/** Where the CLI gives an answer up, it makes up the end of it, without a reason. */
function ended(answer: Answer, stopReason: unknown): void {
  if (typeof stopReason !== 'string') return;
  answer.done = true;
  answer.cut ||= stopReason === 'max_tokens';
}

/** Some services tell the input at the start of an answer, some at its end; the larger figure counts. */
function count(answer: Answer, usage: JsonObject | undefined): void {
  if (usage === undefined) return;
  const at = (key: string) => Math.max(0, numberAt(usage, key) ?? 0);
  const [read, write] = [at('cache_read_input_tokens'), at('cache_creation_input_tokens')];
  answer.cache_read = Math.max(answer.cache_read, read);
  answer.cache_write = Math.max(answer.cache_write, write);
  answer.input = Math.max(answer.input, at('input_tokens') + read + write);
  answer.output = Math.max(answer.output, at('output_tokens'));
}
