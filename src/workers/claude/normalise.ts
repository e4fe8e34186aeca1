import {
  compact,
  isObject,
  type JsonObject,
  numberAt,
  objectAt,
  parseJson,
} from '../../core/json.ts';
import type { WorkerEvent } from '../events.ts';
import { clean, event, nameAt, other } from './event-fields.ts';
import { fromControlRequest, fromControlResponse } from './normalise-control.ts';
import { fromSystem } from './normalise-system.ts';
import { fromAssistant, fromResult, fromUser } from './normalise-turn.ts';

/** No event is larger as JSON, whatever the line said: every text, name and list in it is cut. */
export const MAX_EVENT_BYTES = 64 << 10;

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
