/**
 * What the loopback model says. A script is data; it answers one kind of conversation, recognised by
 * a marker in what the user says before the model's first answer.
 *
 *   { name: 'fix', match: 'TASK-FIX', steps: [
 *     { text: 'Looking.', tools: [{ name: 'Write', input: { file_path: '/w/a.txt', content: 'a' } }] },
 *     { text: 'Done.' },
 *   ] }
 *
 * Steps are numbered by model calls of the conversation: step n answers the request that already
 * contains n model turns. The same request therefore always gets the same step, however often it is
 * sent, and a resumed conversation goes on where it stopped. A call that the user interrupted counts
 * as a turn; a call whose client was killed is asked again. Only `times` counts requests.
 */
export type Script = {
  /** Unique; names the script in recorded requests. Letters, digits, `.`, `_`, `-`. */
  name: string;
  /** Substring or pattern sought in the opening user text. Without it the script is the default. */
  match?: string | RegExp;
  /** Answers only calls of this API when given. */
  api?: Api;
  steps: readonly StepSource[];
  /** Answers every call past the last step. Default: the text `Done.` */
  after?: StepSource;
};

export type Api = 'messages' | 'responses';

/** A step, or a function of the call that makes one (for answers that depend on a tool's output). */
export type StepSource = Step | ((call: ModelCall) => Step | Promise<Step>);

/** One model answer: thinking, then text, then tool calls, whichever are given. */
export type Step = {
  thinking?: string;
  text?: string;
  /** Appends this many bytes of filler to the text, in deltas of `pace.chunkChars`. */
  floodBytes?: number;
  /** Parallel tool calls of one answer. */
  tools?: readonly ToolUse[];
  /** Declared token counts. Default: input 100, output 20, no cache. */
  usage?: Partial<Usage>;
  /** Default: `tool_use` with tools, else `end_turn`. `max_tokens` and `refusal` work in both APIs. */
  stopReason?: string;
  /** The model the answer claims to come from. Default: the model that was asked for. */
  model?: string;
  /** Answers whole, also where a stream was asked for, as a service does that cannot stream. */
  whole?: boolean;
  pace?: Pace;
  hold?: Hold;
  /** Tried in order; a fault whose `times` are used up is skipped, so `[a, b]` is a, then b, then ok. */
  faults?: readonly Fault[];
};

/**
 * `namespace` is for MCP tools, and the same in both APIs: `{ namespace: 'mcp__ctl', name: 'report' }`
 * is called `mcp__ctl__report` in the Messages API and by both parts in the Responses API. A string
 * as input makes a custom tool call (Responses only), as code mode's `exec` takes.
 */
export type ToolUse = {
  name: string;
  input: Readonly<Record<string, unknown>> | string;
  namespace?: string;
};

/** Tokens. `input` excludes what was read from or written to the cache, in both APIs. */
export type Usage = { input: number; output: number; cacheRead: number; cacheCreation: number };

export type Pace = {
  beforeHeadersMs?: number;
  /** Pause after each delta. */
  betweenChunksMs?: number;
  /** Size of one delta in UTF-16 units. Default 64. */
  chunkChars?: number;
};

/** A point in an answer. `mid_message` is just after the first delta was sent. */
export type Moment = 'before_headers' | 'after_headers' | 'mid_message';

/**
 * Waits there until `release(name)`, the client hangs up or the server closes; with nobody to
 * release it, it is a stall. Once released, a name stays open.
 */
export type Hold = {
  at: Moment;
  /** Default: `<script>/<step>`. */
  name?: string;
  /** Holds only the first n requests for this step. Default: all. */
  times?: number;
};

export type Fault = {
  /** Happens to the first n requests for this step, then the step is answered. Default: always. */
  times?: number;
  /** What `times` counts over. A retry in a new session is a new conversation. Default: conversation. */
  per?: 'conversation' | 'script';
} & (
  | {
      kind: 'http';
      status: number;
      /** Default: the provider's own type for that status. */
      type?: string;
      message?: string;
      headers?: Readonly<Record<string, string>>;
      /** Sent verbatim instead of the provider's error JSON (an HTML page of some proxy). */
      body?: string;
    }
  /** The connection ends: `reset` with RST, `eof` cleanly, as if the answer were complete. */
  | { kind: 'cut'; how: 'reset' | 'eof'; at: Moment }
  /** JSON that does not parse, then the end of the answer. */
  | { kind: 'malformed'; at: Exclude<Moment, 'before_headers'> }
  /** An error reported inside a stream that began with 200. */
  | {
      kind: 'stream_error';
      at: Exclude<Moment, 'before_headers'>;
      type?: string;
      message?: string;
    }
);

/** A model request as scripts see it, the same for both APIs. */
export type ModelCall = {
  api: Api;
  model: string;
  streaming: boolean;
  /** Session plus sub-agent; two requests of one conversation have the same. */
  conversation: string;
  /** Model calls the conversation already had. */
  step: number;
  /** What the user said before the first answer, without the client's own reminders. */
  opening: string;
  /** The last thing the user said. */
  latest: string;
  system: string;
  /** Names of the tools on offer; members of a namespace as `<namespace>__<name>`. */
  tools: readonly string[];
  /** Every tool result of the conversation, oldest first. */
  toolResults: readonly ToolResult[];
  /** The parsed request, untouched. */
  body: Readonly<Record<string, unknown>>;
};

export type ToolResult = { id: string; tool: string; text: string; isError: boolean };

const DEFAULT_USAGE: Usage = { input: 100, output: 20, cacheRead: 0, cacheCreation: 0 };

export function usageOf(step: Step): Usage {
  return { ...DEFAULT_USAGE, ...step.usage };
}

export function textOf(step: Step): string {
  const flood = step.floodBytes ? FILLER.repeat(Math.ceil(step.floodBytes / FILLER.length)) : '';
  return (step.text ?? '') + flood.slice(0, step.floodBytes ?? 0);
}

const FILLER = 'The quick brown fox jumps over the lazy dog. ';

/** `text` in deltas; never splits a surrogate pair, which would not survive UTF-8. */
export function* chunksOf(text: string, size: number): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + size, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end += 1;
    yield text.slice(start, end);
    start = end;
  }
}

export const DEFAULT_CHUNK_CHARS = 64;
