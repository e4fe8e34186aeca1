import * as z from 'zod';
import { inherited } from './compaction.ts';
import type { Headers } from './messages-request.ts';
import type { ModelCall, ToolResult } from './script.ts';

const item = z.looseObject({ type: z.string().default('message') });
const tool = z.looseObject({
  type: z.string().optional(),
  name: z.string().optional(),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
});
const tools = z.array(tool);

/** The part of a Responses API request that the loopback model understands. */
export const responsesRequest = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  instructions: z.string().nullish(),
  input: z.union([
    z.string().transform((content) => [{ type: 'message', role: 'user', content }]),
    z.array(item),
  ]),
  tools: tools.optional(),
  prompt_cache_key: z.string().nullish(),
});
export type ResponsesRequest = z.output<typeof responsesRequest>;

type Item = Record<string, unknown> & { type: string };

export function readResponsesCall(
  request: ResponsesRequest,
  body: Readonly<Record<string, unknown>>,
  headers: Headers,
): ModelCall {
  const items: readonly Item[] = request.input;
  const first = items.findIndex(isOutput);
  const opening = (first === -1 ? items : items.slice(0, first)).flatMap(saidByUser).join('\n');
  return {
    api: 'responses',
    model: request.model,
    streaming: request.stream ?? false,
    conversation: String(headers['thread-id'] ?? request.prompt_cache_key ?? opening),
    step: stepsBefore(items) + (inherited(opening)?.step ?? 0),
    opening,
    latest: items.flatMap(saidByUser).at(-1) ?? '',
    system: [request.instructions ?? '', ...items.filter(isGuidance).map(textOfItem)].join('\n'),
    tools: toolsOf(request, items),
    toolResults: toolResultsOf(items),
    body,
  };
}

const OUTPUT_TYPES = new Set([
  'reasoning',
  'function_call',
  'custom_tool_call',
  'tool_search_call',
  'local_shell_call',
  'web_search_call',
]);

function isOutput(entry: Item): boolean {
  return OUTPUT_TYPES.has(entry.type) || (entry.type === 'message' && entry.role === 'assistant');
}

/**
 * Model turns so far. One turn may have left several items, with tool outputs in between when calls
 * ran one after the other, so turns are told apart by the tag in the ids we gave them; items without
 * it (made by someone else, or stripped) count once per unbroken run. A turn that was interrupted
 * before any output counts too, as in the Messages API.
 */
function stepsBefore(items: readonly Item[]): number {
  const tags = new Set<string>();
  let others = 0;
  let run: Item[] = [];
  const endRun = () => {
    const found = run.flatMap((entry) => tagOf(entry) ?? []);
    for (const tag of found) tags.add(tag);
    if (run.length > 0 && found.length === 0) others += 1;
    run = [];
  };
  for (const [index, entry] of items.entries()) {
    if (isOutput(entry)) run.push(entry);
    else endRun();
    if (isInterruption(entry) && !explains(items[index - 1])) others += 1;
  }
  endRun();
  return tags.size + others;
}

/** True when an interruption right after this item hit that turn, which left something to count. */
function explains(item: Item | undefined): boolean {
  if (item === undefined) return false;
  return isOutput(item) || textOfContent(item.output).endsWith('aborted by user');
}

const TAG = /^(?:call|msg|fc|rs|ctc|tsc)_lb([a-z2-7]+x\d+)_\d+$/;

function tagOf(entry: Item): string | undefined {
  for (const id of [entry.call_id, entry.id]) {
    const tag = typeof id === 'string' ? TAG.exec(id)?.[1] : undefined;
    if (tag !== undefined) return tag;
  }
  return undefined;
}

function isInterruption(entry: Item): boolean {
  return entry.role === 'user' && textOfItem(entry).trimStart().startsWith('<turn_aborted>');
}

function isGuidance(entry: Item): boolean {
  return entry.role === 'developer' || entry.role === 'system';
}

function saidByUser(entry: Item): string[] {
  if (entry.type !== 'message' || entry.role !== 'user') return [];
  const text = textOfItem(entry);
  return CONTEXT.test(text) ? [] : [text];
}

// Codex sends its own context as user messages.
const CONTEXT = /^\s*(?:<environment_context>|<turn_aborted>|# AGENTS\.md instructions)/;

function textOfItem(entry: Item): string {
  return textOfContent(entry.content);
}

function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((piece) => String(piece?.text ?? '')).join('\n');
}

/** In code mode the tools are an item of the input. */
function toolsOf(request: ResponsesRequest, items: readonly Item[]): string[] {
  const added = items.flatMap((entry) => {
    const found = entry.type === 'additional_tools' ? tools.safeParse(entry.tools) : undefined;
    return found?.data ?? [];
  });
  return [...(request.tools ?? []), ...added].flatMap(toolNames);
}

function toolNames(entry: z.output<typeof tool>): string[] {
  if (entry.tools === undefined) return entry.name === undefined ? [] : [entry.name];
  return entry.tools.map((member) => `${entry.name}__${member.name}`);
}

function toolResultsOf(items: readonly Item[]): ToolResult[] {
  const names = new Map<unknown, string>();
  const results: ToolResult[] = [];
  for (const entry of items) {
    if (entry.type.endsWith('_call')) {
      const name = String(entry.name ?? entry.type);
      names.set(entry.call_id, entry.namespace ? `${entry.namespace}__${name}` : name);
    }
    if (!entry.type.endsWith('_output')) continue;
    results.push({
      id: String(entry.call_id),
      tool: names.get(entry.call_id) ?? '',
      text: textOfContent(entry.output),
      // The Responses API has no error flag on tool outputs.
      isError: false,
    });
  }
  return results;
}
