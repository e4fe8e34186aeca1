import { type Frame, jsonReply, type Reply, sse, streamReply } from './frames.ts';
import {
  chunksOf,
  DEFAULT_CHUNK_CHARS,
  type ModelCall,
  type Step,
  type ToolUse,
  textOf,
  type Usage,
  usageOf,
} from './script.ts';

type Item = { type: string; id: string } & Record<string, unknown>;

/** A step in the form of the Responses API. `id` is unique per request; item ids derive from it. */
export function responsesReply(step: Step, call: ModelCall, id: string): Reply {
  const headers = { 'x-request-id': `req_${id}` };
  if (call.streaming && !step.whole) return streamReply(stream(step, call, id), headers);
  return jsonReply(finished(step, call, id, itemsOf(step, id)), headers);
}

function* stream(step: Step, call: ModelCall, id: string): Generator<Frame> {
  const size = step.pace?.chunkChars ?? DEFAULT_CHUNK_CHARS;
  const items = itemsOf(step, id);
  const created = { ...envelope(step, call, id), status: 'in_progress', output: [] };
  yield sse('response.created', { response: created });
  for (const [output_index, item] of items.entries()) {
    yield sse('response.output_item.added', { output_index, item: started(item) });
    yield* deltas(item, output_index, size);
    yield sse('response.output_item.done', { output_index, item });
  }
  const response = finished(step, call, id, items);
  yield sse(`response.${response.status}`, { response });
}

function* deltas(item: Item, output_index: number, size: number): Generator<Frame> {
  const place = { item_id: item.id, output_index };
  switch (item.type) {
    case 'reasoning':
      for (const delta of chunksOf(innerText(item.summary), size)) {
        const fields = { ...place, summary_index: 0, delta };
        yield sse('response.reasoning_summary_text.delta', fields, true);
      }
      break;
    case 'message':
      for (const delta of chunksOf(innerText(item.content), size)) {
        yield sse('response.output_text.delta', { ...place, content_index: 0, delta }, true);
      }
      break;
    case 'function_call':
      for (const delta of chunksOf(String(item.arguments), size)) {
        yield sse('response.function_call_arguments.delta', { ...place, delta }, true);
      }
      break;
    case 'custom_tool_call':
      for (const delta of chunksOf(String(item.input), size)) {
        yield sse('response.custom_tool_call_input.delta', { ...place, delta }, true);
      }
  }
}

function itemsOf(step: Step, id: string): Item[] {
  const items: Item[] = [];
  const next = (prefix: string) => `${prefix}_${id}_${items.length}`;
  if (step.thinking) {
    const summary = [{ type: 'summary_text', text: step.thinking }];
    items.push({ type: 'reasoning', id: next('rs'), summary, encrypted_content: `enc_${id}` });
  }
  const text = textOf(step);
  if (text) {
    const content = [{ type: 'output_text', text, annotations: [] }];
    items.push({
      type: 'message',
      id: next('msg'),
      role: 'assistant',
      status: 'completed',
      content,
    });
  }
  for (const tool of step.tools ?? []) items.push(callItem(tool, next));
  return items;
}

function callItem(tool: ToolUse, next: (prefix: string) => string): Item {
  const named = {
    call_id: next('call'),
    name: tool.name,
    ...(tool.namespace === undefined ? {} : { namespace: tool.namespace }),
    status: 'completed',
  };
  if (typeof tool.input === 'string') {
    return { type: 'custom_tool_call', id: next('ctc'), ...named, input: tool.input };
  }
  if (tool.name === 'tool_search') {
    const { call_id, status } = named;
    const args = { execution: 'client', arguments: tool.input };
    return { type: 'tool_search_call', id: next('tsc'), call_id, status, ...args };
  }
  return { type: 'function_call', id: next('fc'), ...named, arguments: JSON.stringify(tool.input) };
}

function started(item: Item): Item {
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] };
  if (item.type === 'reasoning') return { ...item, summary: [] };
  if (item.type === 'function_call') return { ...item, status: 'in_progress', arguments: '' };
  if (item.type === 'custom_tool_call') return { ...item, status: 'in_progress', input: '' };
  return item;
}

function finished(step: Step, call: ModelCall, id: string, output: readonly Item[]) {
  const reason = INCOMPLETE[step.stopReason ?? ''];
  return {
    ...envelope(step, call, id),
    status: reason === undefined ? 'completed' : 'incomplete',
    ...(reason === undefined ? {} : { incomplete_details: { reason } }),
    output,
    usage: wireUsage(usageOf(step)),
  };
}

const INCOMPLETE: Readonly<Record<string, string>> = {
  max_tokens: 'max_output_tokens',
  refusal: 'content_filter',
};

function envelope(step: Step, call: ModelCall, id: string) {
  return { id: `resp_${id}`, object: 'response', model: step.model ?? call.model };
}

function innerText(parts: unknown): string {
  return Array.isArray(parts) ? parts.map((part) => String(part.text)).join('') : '';
}

function wireUsage(usage: Usage) {
  const input = usage.input + usage.cacheRead + usage.cacheCreation;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheCreation,
    },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + usage.output,
  };
}
