import { booleanAt, type JsonObject, objectAt, stringAt } from '../../core/json.ts';
import type { WorkerEvent } from '../events.ts';
import { cleanAt, event, modelAt, nameAt } from './event-fields.ts';
import { calledTool } from './own-server.ts';
import { contextWindows, usageByModel } from './usage.ts';

/** What the worker asks of us. The question itself is read from the raw line when it is answered. */
export function fromControlRequest(raw: JsonObject): WorkerEvent {
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
    case 'mcp_message': {
      const message = objectAt(request, 'message');
      return event('cc.mcp.asked', {
        request_id,
        server: nameAt(request, 'server_name'),
        method: nameAt(message, 'method'),
        tool: calledTool(message),
      });
    }
    default:
      return event('cc.worker.other', {
        worker_type: 'control_request',
        subtype: nameAt(request, 'subtype'),
        request_id,
      });
  }
}

/** What the worker answers to us. */
export function fromControlResponse(raw: JsonObject): WorkerEvent {
  const response = objectAt(raw, 'response');
  const payload = objectAt(response, 'response');
  const usage = objectAt(objectAt(payload, 'session'), 'model_usage');
  const account = objectAt(payload, 'account');
  return event('cc.control.answered', {
    request_id: nameAt(response, 'request_id'),
    ok: stringAt(response, 'subtype') === 'success',
    error: cleanAt(response, 'error', 300) ?? nameAt(response, 'error_code'),
    hooks_applied: booleanAt(payload, 'hooks_applied'),
    hook_on_failure_supported: booleanAt(payload, 'hook_on_failure_supported'),
    token_source: nameAt(account, 'tokenSource'),
    key_source: nameAt(account, 'apiKeySource'),
    provider: nameAt(account, 'apiProvider'),
    model: modelAt(objectAt(payload, 'applied')),
    usage_total: usage === undefined ? undefined : usageByModel(usage),
    windows: usage === undefined ? undefined : contextWindows(usage),
  });
}
