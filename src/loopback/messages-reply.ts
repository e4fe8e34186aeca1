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

type Block =
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown };

/** A step in the form of the Messages API. `id` is unique per request; block ids derive from it. */
export function messagesReply(step: Step, call: ModelCall, id: string): Reply {
  const headers = { 'request-id': `req_${id}` };
  if (call.streaming && !step.whole) return streamReply(stream(step, call, id), headers);
  return jsonReply(
    {
      ...envelope(step, call, id),
      content: blocksOf(step, id),
      stop_reason: stopReasonOf(step),
      usage: wireUsage(usageOf(step)),
    },
    headers,
  );
}

function* stream(step: Step, call: ModelCall, id: string): Generator<Frame> {
  const usage = wireUsage(usageOf(step));
  const size = step.pace?.chunkChars ?? DEFAULT_CHUNK_CHARS;
  // As the real API does: one output token announced at the start, the true count at the end.
  const message = {
    ...envelope(step, call, id),
    content: [],
    stop_reason: null,
    usage: { ...usage, output_tokens: 1 },
  };
  yield sse('message_start', { message });
  yield sse('ping', {});
  for (const [index, block] of blocksOf(step, id).entries()) yield* blockFrames(block, index, size);
  yield sse('message_delta', {
    delta: { stop_reason: stopReasonOf(step), stop_sequence: null },
    usage: { output_tokens: usage.output_tokens },
  });
  yield sse('message_stop', {});
}

function* blockFrames(block: Block, index: number, size: number): Generator<Frame> {
  const delta = (fields: Record<string, unknown>) =>
    sse('content_block_delta', { index, delta: fields }, true);
  switch (block.type) {
    case 'thinking':
      yield sse('content_block_start', {
        index,
        content_block: { type: 'thinking', thinking: '', signature: '' },
      });
      for (const thinking of chunksOf(block.thinking, size)) {
        yield delta({ type: 'thinking_delta', thinking });
      }
      yield delta({ type: 'signature_delta', signature: block.signature });
      break;
    case 'text':
      yield sse('content_block_start', { index, content_block: { type: 'text', text: '' } });
      for (const text of chunksOf(block.text, size)) yield delta({ type: 'text_delta', text });
      break;
    case 'tool_use':
      yield sse('content_block_start', { index, content_block: { ...block, input: {} } });
      for (const partial_json of chunksOf(JSON.stringify(block.input), size)) {
        yield delta({ type: 'input_json_delta', partial_json });
      }
  }
  yield sse('content_block_stop', { index });
}

function blocksOf(step: Step, id: string): Block[] {
  const blocks: Block[] = [];
  if (step.thinking) {
    blocks.push({ type: 'thinking', thinking: step.thinking, signature: `sig_${id}` });
  }
  const text = textOf(step);
  if (text) blocks.push({ type: 'text', text });
  for (const [index, tool] of (step.tools ?? []).entries()) {
    blocks.push({
      type: 'tool_use',
      id: `toolu_${id}_${index}`,
      name: flatName(tool),
      input: tool.input,
    });
  }
  return blocks;
}

function flatName(tool: ToolUse): string {
  return tool.namespace === undefined ? tool.name : `${tool.namespace}__${tool.name}`;
}

function envelope(step: Step, call: ModelCall, id: string) {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: step.model ?? call.model,
    stop_sequence: null,
  };
}

function stopReasonOf(step: Step): string {
  return step.stopReason ?? (step.tools?.length ? 'tool_use' : 'end_turn');
}

function wireUsage(usage: Usage) {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheCreation,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
  };
}
