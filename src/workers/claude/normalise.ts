import {
  arrayAt,
  booleanAt,
  compact,
  isObject,
  type JsonObject,
  numberAt,
  objectAt,
  parseJson,
  stringAt,
} from '../../core/json.ts';
import { neutralise, truncate } from '../../core/text.ts';
import type { WorkerEvent } from '../events.ts';
import { describeToolUse, resultText, wellFormed } from './tool-text.ts';
import { usageByModel } from './usage.ts';

/** Longest text kept inside one event; the whole final answer goes to stdout.txt. */
export const EVENT_TEXT_CHARS = 4000;
/** No event is larger as JSON, whatever the line said: every text, name and list in it is cut. */
export const MAX_EVENT_BYTES = 64 << 10;
const OUTPUT_CHARS = 1500;
const NAME_CHARS = 100;
const LIST_ITEMS = 50;
/** A control character may stand beside each one that is kept, so twice as much is looked at. */
const LOOK_AT = 2;

/**
 * One line of Claude Code's stream-json (2.1.329; claude-code-cli.md §2) as one event. Pure; never
 * throws; unknown kinds become `cc.worker.other`. Redaction is the caller's duty.
 */
export function normaliseLine(line: Buffer | undefined): WorkerEvent {
  if (line === undefined) return { type: 'cc.worker.unreadable', reason: 'line too long' };
  const text = line.toString('utf8');
  const raw = parseJson(text);
  if (!isObject(raw)) {
    return { type: 'cc.worker.unreadable', reason: 'not a JSON object', text: clean(text, 300) };
  }
  return normalise(raw);
}

function normalise(raw: JsonObject): WorkerEvent {
  switch (raw.type) {
    case 'system':
      return fromSystem(raw);
    case 'assistant':
      return fromAssistant(raw);
    case 'user':
      return fromUser(raw);
    case 'result':
      return fromResult(raw);
    case 'control_request':
      return fromControlRequest(raw);
    case 'control_response':
      return fromControlResponse(raw);
    case 'control_cancel_request':
      return {
        type: 'cc.request.withdrawn',
        ...compact({ request_id: nameAt(raw, 'request_id') }),
      };
    case 'command_lifecycle':
      return event('cc.message.state', {
        message: nameAt(raw, 'command_uuid'),
        state: nameAt(raw, 'state'),
      });
    case 'rate_limit_event': {
      const limit = objectAt(raw, 'rate_limit_info');
      return event('cc.worker.notice', {
        level: 'rate_limit',
        text: `${nameAt(limit, 'rateLimitType') ?? 'rate limit'}: ${nameAt(limit, 'status') ?? 'unknown'}`,
        resets_at: numberAt(limit, 'resetsAt'),
        used: numberAt(limit, 'utilization'),
      });
    }
    case 'tool_progress':
      return event('cc.tool.progress', {
        tool: nameAt(raw, 'tool_name'),
        id: nameAt(raw, 'tool_use_id'),
        seconds: numberAt(raw, 'elapsed_time_seconds'),
      });
    default:
      return other(raw);
  }
}

function fromSystem(raw: JsonObject): WorkerEvent {
  switch (raw.subtype) {
    case 'init':
      return event('cc.worker.ready', {
        session_id: nameAt(raw, 'session_id'),
        model: nameAt(raw, 'model'),
        key_source: nameAt(raw, 'apiKeySource'),
        permission_mode: nameAt(raw, 'permissionMode'),
        version: nameAt(raw, 'claude_code_version'),
        cwd: cleanAt(raw, 'cwd', 500),
        tools: names(arrayAt(raw, 'tools')),
        mcp_servers: names(arrayAt(raw, 'mcp_servers'), 'name'),
      });
    case 'status':
      return event('cc.worker.status', {
        status: nameAt(raw, 'status'),
        compacted: nameAt(raw, 'compact_result'),
        permission_mode: nameAt(raw, 'permissionMode'),
      });
    case 'api_retry':
      return event('cc.api.retried', {
        attempt: numberAt(raw, 'attempt'),
        max_attempts: numberAt(raw, 'max_retries'),
        delay_ms: numberAt(raw, 'retry_delay_ms'),
        status: numberAt(raw, 'error_status'),
        error: nameAt(raw, 'error'),
      });
    case 'model_fallback':
      return event('cc.worker.model_changed', {
        from: nameAt(raw, 'original_model'),
        to: nameAt(raw, 'fallback_model'),
        trigger: nameAt(raw, 'trigger'),
      });
    case 'permission_denied':
      return event('cc.tool.denied', {
        tool: nameAt(raw, 'tool_name'),
        id: nameAt(raw, 'tool_use_id'),
        reason: cleanAt(raw, 'message', 300),
      });
    case 'hook_started':
    case 'hook_response':
      return event('cc.hook.ran', {
        hook: nameAt(raw, 'hook_name'),
        phase: raw.subtype === 'hook_started' ? 'started' : 'finished',
        outcome: nameAt(raw, 'outcome'),
        exit_code: numberAt(raw, 'exit_code'),
      });
    case 'task_started':
    case 'task_progress':
    case 'task_updated':
    case 'task_notification':
      return fromTask(raw);
    case 'background_tasks_changed':
      return event('cc.task.changed', {
        background: names(arrayAt(raw, 'tasks'), 'task_id'),
      });
    case 'compact_boundary': {
      const metadata = objectAt(raw, 'compact_metadata');
      return event('cc.context.compacted', {
        trigger: nameAt(metadata, 'trigger'),
        tokens_before: numberAt(metadata, 'pre_tokens'),
        tokens_after: numberAt(metadata, 'post_tokens'),
      });
    }
    case 'informational':
      return event('cc.worker.notice', {
        level: nameAt(raw, 'level'),
        text: clean(stringAt(raw, 'content') ?? '', 500),
      });
    default:
      return other(raw);
  }
}

function fromTask(raw: JsonObject): WorkerEvent {
  const patch = objectAt(raw, 'patch');
  const usage = objectAt(raw, 'usage');
  return event('cc.task.changed', {
    task: nameAt(raw, 'task_id'),
    id: nameAt(raw, 'tool_use_id'),
    change: String(raw.subtype).replace('task_', ''),
    kind: nameAt(raw, 'task_type'),
    status: nameAt(raw, 'status') ?? nameAt(patch, 'status'),
    backgrounded: booleanAt(raw, 'is_backgrounded'),
    description: cleanAt(raw, 'description', 300) ?? cleanAt(raw, 'summary', 300),
    tokens: numberAt(usage, 'total_tokens'),
  });
}

/** Claude Code sends one assistant event per content block; `blocks` would tell of any lost. */
function fromAssistant(raw: JsonObject): WorkerEvent {
  const message = objectAt(raw, 'message');
  const blocks = arrayAt(message, 'content');
  const block = blocks[0];
  const common = {
    message_id: nameAt(message, 'id'),
    model: nameAt(message, 'model'),
    parent: nameAt(raw, 'parent_tool_use_id'),
    aborted: raw.aborted === true ? true : undefined,
    blocks: blocks.length > 1 ? blocks.length : undefined,
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
      return event('cc.tool.used', {
        ...common,
        tool,
        id: nameAt(block, 'id'),
        ...describeToolUse(objectAt(block, 'input') ?? {}),
      });
    }
    default:
      return event('cc.worker.other', { ...common, worker_type: 'assistant' });
  }
}

function fromUser(raw: JsonObject): WorkerEvent {
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
function fromResult(raw: JsonObject): WorkerEvent {
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

function fromControlRequest(raw: JsonObject): WorkerEvent {
  const request = objectAt(raw, 'request');
  const input = objectAt(request, 'input');
  const request_id = nameAt(raw, 'request_id');
  switch (stringAt(request, 'subtype')) {
    case 'hook_callback': {
      const tool = nameAt(input, 'tool_name') ?? 'unknown';
      return event('cc.hook.asked', {
        request_id,
        hook: nameAt(input, 'hook_event_name'),
        tool,
        id: nameAt(input, 'tool_use_id'),
      });
    }
    case 'can_use_tool':
      return event('cc.permission.asked', {
        request_id,
        tool: nameAt(request, 'tool_name'),
        id: nameAt(request, 'tool_use_id'),
        reason: cleanAt(request, 'decision_reason', 300),
      });
    default:
      return event('cc.worker.other', {
        worker_type: 'control_request',
        subtype: nameAt(request, 'subtype'),
        request_id,
      });
  }
}

function fromControlResponse(raw: JsonObject): WorkerEvent {
  const response = objectAt(raw, 'response');
  const payload = objectAt(response, 'response');
  const usage = objectAt(objectAt(payload, 'session'), 'model_usage');
  return event('cc.control.answered', {
    request_id: nameAt(response, 'request_id'),
    ok: stringAt(response, 'subtype') === 'success',
    error: cleanAt(response, 'error', 300) ?? nameAt(response, 'error_code'),
    hooks_applied: booleanAt(payload, 'hooks_applied'),
    hook_on_failure_supported: booleanAt(payload, 'hook_on_failure_supported'),
    usage_total: usage === undefined ? undefined : usageByModel(usage),
  });
}

function other(raw: JsonObject): WorkerEvent {
  return event('cc.worker.other', {
    worker_type: nameAt(raw, 'type'),
    subtype: nameAt(raw, 'subtype'),
  });
}

function textFields(text: string): { text: string; chars: number } {
  return { text: clean(text, EVENT_TEXT_CHARS), chars: text.length };
}

/** A name or an id: never long, but it comes from a model or a gateway. */
function nameAt(value: unknown, key: string): string | undefined {
  return cleanAt(value, key, NAME_CHARS);
}

function cleanAt(value: unknown, key: string, max: number): string | undefined {
  const text = stringAt(value, key);
  return text === undefined ? undefined : clean(text, max);
}

/** The strings of a list (or of one field of its items), as many as an event may hold. */
function names(items: readonly unknown[], key?: string): string[] {
  return items
    .map((item) => (key === undefined ? item : stringAt(item, key)))
    .filter((item) => typeof item === 'string')
    .slice(0, LIST_ITEMS)
    .map((item) => clean(item, NAME_CHARS));
}

function clean(text: string, max: number): string {
  // Cut first: neutralising 5 MB to keep 4 kB would cost more than everything else.
  return wellFormed(truncate(neutralise(text.slice(0, max * LOOK_AT)), max));
}

function event(type: WorkerEvent['type'], fields: Record<string, unknown>): WorkerEvent {
  return { type, ...compact(fields) };
}
