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
import { describeToolUse, resultText } from './tool-text.ts';
import { usageByModel } from './usage.ts';

/** Longest text kept inside one event; the whole final answer goes to stdout.txt. */
export const EVENT_TEXT_CHARS = 4000;
const OUTPUT_CHARS = 1500;

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
        ...compact({ request_id: stringAt(raw, 'request_id') }),
      };
    case 'command_lifecycle':
      return event('cc.message.state', {
        message: stringAt(raw, 'command_uuid'),
        state: stringAt(raw, 'state'),
      });
    case 'tool_progress':
      return event('cc.tool.progress', {
        tool: stringAt(raw, 'tool_name'),
        id: stringAt(raw, 'tool_use_id'),
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
        session_id: stringAt(raw, 'session_id'),
        model: stringAt(raw, 'model'),
        key_source: stringAt(raw, 'apiKeySource'),
        permission_mode: stringAt(raw, 'permissionMode'),
        version: stringAt(raw, 'claude_code_version'),
        cwd: stringAt(raw, 'cwd'),
        tools: arrayAt(raw, 'tools').filter((tool) => typeof tool === 'string'),
        mcp_servers: arrayAt(raw, 'mcp_servers').flatMap(
          (server) => stringAt(server, 'name') ?? [],
        ),
      });
    case 'status':
      return event('cc.worker.status', {
        status: stringAt(raw, 'status'),
        permission_mode: stringAt(raw, 'permissionMode'),
      });
    case 'api_retry':
      return event('cc.api.retried', {
        attempt: numberAt(raw, 'attempt'),
        max_attempts: numberAt(raw, 'max_retries'),
        delay_ms: numberAt(raw, 'retry_delay_ms'),
        status: numberAt(raw, 'error_status'),
        error: stringAt(raw, 'error'),
      });
    case 'model_fallback':
      return event('cc.worker.model_changed', {
        from: stringAt(raw, 'original_model'),
        to: stringAt(raw, 'fallback_model'),
        trigger: stringAt(raw, 'trigger'),
      });
    case 'permission_denied':
      return event('cc.tool.denied', {
        tool: stringAt(raw, 'tool_name'),
        id: stringAt(raw, 'tool_use_id'),
        reason: clean(stringAt(raw, 'message') ?? '', 300),
      });
    case 'hook_started':
    case 'hook_response':
      return event('cc.hook.ran', {
        hook: stringAt(raw, 'hook_name'),
        phase: raw.subtype === 'hook_started' ? 'started' : 'finished',
        outcome: stringAt(raw, 'outcome'),
        exit_code: numberAt(raw, 'exit_code'),
      });
    case 'task_started':
    case 'task_progress':
    case 'task_updated':
    case 'task_notification':
      return fromTask(raw);
    case 'background_tasks_changed':
      return event('cc.task.changed', {
        background: arrayAt(raw, 'tasks').flatMap((task) => stringAt(task, 'task_id') ?? []),
      });
    case 'compact_boundary': {
      const metadata = objectAt(raw, 'compact_metadata');
      return event('cc.context.compacted', {
        trigger: stringAt(metadata, 'trigger'),
        tokens_before: numberAt(metadata, 'pre_tokens'),
        tokens_after: numberAt(metadata, 'post_tokens'),
      });
    }
    case 'informational':
      return event('cc.worker.notice', {
        level: stringAt(raw, 'level'),
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
    task: stringAt(raw, 'task_id'),
    change: String(raw.subtype).replace('task_', ''),
    kind: stringAt(raw, 'task_type'),
    status: stringAt(raw, 'status') ?? stringAt(patch, 'status'),
    background: undefined,
    backgrounded: booleanAt(raw, 'is_backgrounded'),
    description: clean(stringAt(raw, 'description') ?? stringAt(raw, 'summary') ?? '', 300),
    tokens: numberAt(usage, 'total_tokens'),
  });
}

/** Claude Code sends one assistant event per content block, so each holds exactly one. */
function fromAssistant(raw: JsonObject): WorkerEvent {
  const message = objectAt(raw, 'message');
  const block = arrayAt(message, 'content')[0];
  const common = {
    message_id: stringAt(message, 'id'),
    model: stringAt(message, 'model'),
    parent: stringAt(raw, 'parent_tool_use_id'),
  };
  if (raw.is_api_error_message === true || stringAt(raw, 'error') !== undefined) {
    return event('cc.api.failed', {
      error: stringAt(raw, 'error'),
      status: numberAt(raw, 'api_error_status'),
      kind: stringAt(raw, 'api_error_type'),
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
      const tool = stringAt(block, 'name') ?? 'unknown';
      return event('cc.tool.used', {
        ...common,
        tool,
        id: stringAt(block, 'id'),
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
    const denied = stringAt(objectAt(meta, 'permission_decision'), 'decision') === 'reject';
    return event('cc.tool.finished', {
      id: stringAt(first, 'tool_use_id'),
      // More than one result in a line has not been seen; their ids would be lost otherwise.
      more:
        results.length > 1 ? results.slice(1).map((b) => stringAt(b, 'tool_use_id')) : undefined,
      ok: booleanAt(first, 'is_error') !== true,
      denied: denied || undefined,
      output: clean(output, OUTPUT_CHARS),
      output_chars: output.length,
      parent: stringAt(raw, 'parent_tool_use_id'),
    });
  }
  if (raw.isReplay === true)
    return event('cc.message.state', { message: stringAt(raw, 'uuid'), state: 'replayed' });
  return event('cc.message.injected', { text: clean(resultText(content), 500) });
}

/** `subtype` is recorded but never believed: API failures arrive as "success" (§0.2). */
function fromResult(raw: JsonObject): WorkerEvent {
  return event('cc.turn.ended', {
    subtype: stringAt(raw, 'subtype'),
    is_error: booleanAt(raw, 'is_error'),
    reason: stringAt(raw, 'terminal_reason'),
    stop_reason: stringAt(raw, 'stop_reason'),
    status: numberAt(raw, 'api_error_status'),
    kind: stringAt(raw, 'api_error_type'),
    startup_failure: stringAt(raw, 'startup_failure_reason'),
    turns: numberAt(raw, 'num_turns'),
    duration_ms: numberAt(raw, 'duration_ms'),
    index: numberAt(raw, 'result_index'),
    queued: numberAt(raw, 'queued_turn_count'),
    errors: errorTexts(raw),
    denials: arrayAt(raw, 'permission_denials').map((denial) =>
      compact({ tool: stringAt(denial, 'tool_name'), id: stringAt(denial, 'tool_use_id') }),
    ),
    usage: usageByModel(
      objectAt(raw, 'model_usage_since_last_result') ?? objectAt(raw, 'modelUsage'),
    ),
    usage_total: usageByModel(objectAt(raw, 'modelUsage')),
    has_structured_output: raw.structured_output === undefined ? undefined : true,
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
  const request_id = stringAt(raw, 'request_id');
  switch (stringAt(request, 'subtype')) {
    case 'hook_callback': {
      const tool = stringAt(input, 'tool_name') ?? 'unknown';
      return event('cc.hook.asked', {
        request_id,
        hook: stringAt(input, 'hook_event_name'),
        tool,
        id: stringAt(input, 'tool_use_id'),
      });
    }
    case 'can_use_tool':
      return event('cc.permission.asked', {
        request_id,
        tool: stringAt(request, 'tool_name'),
        id: stringAt(request, 'tool_use_id'),
        reason: clean(stringAt(request, 'decision_reason') ?? '', 300),
      });
    default:
      return event('cc.worker.other', {
        worker_type: 'control_request',
        subtype: stringAt(request, 'subtype'),
        request_id,
      });
  }
}

function fromControlResponse(raw: JsonObject): WorkerEvent {
  const response = objectAt(raw, 'response');
  const payload = objectAt(response, 'response');
  const usage = objectAt(objectAt(payload, 'session'), 'model_usage');
  return event('cc.control.answered', {
    request_id: stringAt(response, 'request_id'),
    ok: stringAt(response, 'subtype') === 'success',
    error: stringAt(response, 'error') ?? stringAt(response, 'error_code'),
    hooks_applied: booleanAt(payload, 'hooks_applied'),
    hook_on_failure_supported: booleanAt(payload, 'hook_on_failure_supported'),
    usage_total: usage === undefined ? undefined : usageByModel(usage),
  });
}

function other(raw: JsonObject): WorkerEvent {
  return event('cc.worker.other', {
    worker_type: stringAt(raw, 'type'),
    subtype: stringAt(raw, 'subtype'),
  });
}

function textFields(text: string): { text: string; chars: number } {
  return { text: clean(text, EVENT_TEXT_CHARS), chars: text.length };
}

function clean(text: string, max: number): string {
  // Cut first: neutralising 5 MB to keep 4 kB would cost more than everything else.
  return truncate(neutralise(text.slice(0, max * 2)), max);
}

function event(type: WorkerEvent['type'], fields: Record<string, unknown>): WorkerEvent {
  return { type, ...compact(fields) };
}
