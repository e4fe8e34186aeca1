import {
  arrayAt,
  booleanAt,
  type JsonObject,
  numberAt,
  objectAt,
  stringAt,
} from '../../core/json.ts';
import type { WorkerEvent } from '../events.ts';
import { clean, cleanAt, event, modelAt, nameAt, names, other } from './event-fields.ts';

/** `system` lines: the worker tells about itself, its tasks and its context. */
export function fromSystem(raw: JsonObject): WorkerEvent {
  switch (raw.subtype) {
    case 'init':
      return event('cc.worker.ready', {
        session_id: nameAt(raw, 'session_id'),
        model: modelAt(raw),
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
