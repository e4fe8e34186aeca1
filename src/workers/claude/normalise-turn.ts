import {
  arrayAt,
  booleanAt,
  isObject,
  type JsonObject,
  numberAt,
  objectAt,
  stringAt,
} from '../../core/json.ts';
import type { WorkerEvent } from '../events.ts';
import { clean, event, modelAt, nameAt, names, textFields } from './event-fields.ts';
import { toolFacts } from './tool-facts.ts';
import { describeToolUse, resultText } from './tool-text.ts';
import { usageByModel } from './usage.ts';

const OUTPUT_CHARS = 1500;

/** Claude Code sends one assistant event per content block; `blocks` would tell of any lost. */
export function fromAssistant(raw: JsonObject): WorkerEvent {
  const message = objectAt(raw, 'message');
  const blocks = arrayAt(message, 'content');
  const block = blocks[0];
  const common = {
    message_id: nameAt(message, 'id'),
    model: modelAt(message),
    parent: nameAt(raw, 'parent_tool_use_id'),
    aborted: raw.aborted === true ? true : undefined,
    blocks: blocks.length > 1 ? blocks.length : undefined,
    context: contextTokens(objectAt(message, 'usage')),
  };
  if (raw.is_api_error_message === true || stringAt(raw, 'error') !== undefined) {
    return event('cc.api.failed', {
      error: nameAt(raw, 'error'),
      status: numberAt(raw, 'api_error_status'),
      kind: nameAt(raw, 'api_error_type'),
      code: nameAt(raw, 'api_error'),
      text: clean(stringAt(block, 'text') ?? '', 500),
      parent: common.parent,
    });
  }
  switch (stringAt(block, 'type')) {
    case 'text':
      return event('cc.message', { ...common, ...textFields(stringAt(block, 'text') ?? '') });
    case 'thinking':
    case 'redacted_thinking':
      return event('cc.thinking', { ...common, chars: stringAt(block, 'thinking')?.length ?? 0 });
    case 'tool_use': {
      const tool = nameAt(block, 'name') ?? 'unknown';
      const input = objectAt(block, 'input') ?? {};
      return event('cc.tool.used', {
        ...common,
        tool,
        id: nameAt(block, 'id'),
        ...describeToolUse(input),
        ...toolFacts(tool, input),
      });
    }
    default:
      return event('cc.worker.other', { ...common, worker_type: 'assistant' });
  }
}

/** How much the model was given to read: all input of this call, cached or not. */
function contextTokens(usage: JsonObject | undefined): number | undefined {
  const sum = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']
    .map((key) => numberAt(usage, key) ?? 0)
    .reduce((total, count) => total + Math.max(0, count), 0);
  return sum > 0 ? Math.min(sum, Number.MAX_SAFE_INTEGER) : undefined;
}

/** Tool results, and what was put into the conversation by neither us nor the model. */
export function fromUser(raw: JsonObject): WorkerEvent {
  const content = objectAt(raw, 'message')?.content;
  const blocks = Array.isArray(content) ? content : [];
  const results = blocks.filter((block) => stringAt(block, 'type') === 'tool_result');
  const [first] = results;
  if (first !== undefined) {
    const meta = arrayAt(raw, 'tool_result_meta')[0];
    const output = resultText(isObject(first) ? first.content : undefined);
    const permission = objectAt(meta, 'permission_decision');
    const denied = stringAt(permission, 'decision') === 'reject';
    return event('cc.tool.finished', {
      id: nameAt(first, 'tool_use_id'),
      // More than one result in a line has not been seen; their ids would be lost otherwise.
      more: results.length > 1 ? names(results.slice(1), 'tool_use_id') : undefined,
      ok: booleanAt(first, 'is_error') !== true,
      denied: denied || undefined,
      denied_by: denied ? nameAt(permission, 'source') : undefined,
      output: clean(output, OUTPUT_CHARS),
      output_chars: output.length,
      parent: nameAt(raw, 'parent_tool_use_id'),
    });
  }
  if (raw.isReplay === true)
    return event('cc.message.state', { message: nameAt(raw, 'uuid'), state: 'replayed' });
  return event('cc.message.injected', {
    text: clean(resultText(content), 500),
    parent: nameAt(raw, 'parent_tool_use_id'),
  });
}

/** `subtype` is recorded but never believed: API failures arrive as "success" (§0.2). */
export function fromResult(raw: JsonObject): WorkerEvent {
  const denials = arrayAt(raw, 'permission_denials');
  return event('cc.turn.ended', {
    subtype: nameAt(raw, 'subtype'),
    is_error: booleanAt(raw, 'is_error'),
    reason: nameAt(raw, 'terminal_reason'),
    stop_reason: nameAt(raw, 'stop_reason'),
    status: numberAt(raw, 'api_error_status'),
    kind: nameAt(raw, 'api_error_type'),
    startup_failure: nameAt(raw, 'startup_failure_reason'),
    turns: numberAt(raw, 'num_turns'),
    duration_ms: numberAt(raw, 'duration_ms'),
    index: numberAt(raw, 'result_index'),
    queued: numberAt(raw, 'queued_turn_count'),
    errors: errorTexts(raw),
    denials: denials.length,
    denied_tools: names([...new Set(denials.map((denial) => stringAt(denial, 'tool_name')))]),
    // Where it is missing, `usage_total` tells as much to whoever knows what was there before.
    usage: usageByModel(objectAt(raw, 'model_usage_since_last_result')),
    usage_total: usageByModel(objectAt(raw, 'modelUsage')),
    has_structured_output: raw.structured_output == null ? undefined : true,
    ...textFields(stringAt(raw, 'result') ?? ''),
  });
}

function errorTexts(raw: JsonObject): string[] | undefined {
  const errors = arrayAt(raw, 'errors').filter((item) => typeof item === 'string');
  return errors.length === 0 ? undefined : errors.slice(0, 5).map((item) => clean(item, 300));
}
