import type { JsonObject } from '../../core/json.ts';

/**
 * The lines we write to Claude Code's stdin (claude-code-cli.md §4). Each is one JSON object; a
 * malformed line ends the worker, so lines are built here and nowhere else.
 */
export type ControlLine = JsonObject;

/** The hook every tool call must pass; the CLI sends it back in each callback. */
export const SCOPE_HOOK = 'cc-scope';

/**
 * First line. `onFailure: "block"` makes an unanswered callback a denial; the timeout is longer than
 * the run may last, so that a worker without supervisor freezes instead of being denied (§4b).
 */
export function initialize(requestId: string, hookTimeoutSeconds: number): ControlLine {
  return controlRequest(requestId, {
    subtype: 'initialize',
    hooks: {
      PreToolUse: [
        {
          matcher: '*',
          hookCallbackIds: [SCOPE_HOOK],
          timeout: hookTimeoutSeconds,
          onFailure: 'block',
        },
      ],
    },
  });
}

/** A message to the model. Sending the same `uuid` again is processed once (§4c). */
export function userMessage(uuid: string, texts: readonly string[]): ControlLine {
  return {
    type: 'user',
    message: { role: 'user', content: texts.map((text) => ({ type: 'text', text })) },
    uuid,
  };
}

export function interrupt(requestId: string): ControlLine {
  return controlRequest(requestId, { subtype: 'interrupt' });
}

export function getUsage(requestId: string): ControlLine {
  return controlRequest(requestId, { subtype: 'get_usage', skip_behaviors: true });
}

export function endSession(requestId: string): ControlLine {
  return controlRequest(requestId, { subtype: 'end_session' });
}

export type Decision = { allow: boolean; reason: string } | { allow: 'default' };

/** Answer to a PreToolUse callback. `default` leaves the decision to the CLI's own rules. */
export function hookAnswer(requestId: string, decision: Decision): ControlLine {
  if (decision.allow === 'default') return controlResponse(requestId, {});
  return controlResponse(requestId, {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: decision.allow ? 'allow' : 'deny',
      permissionDecisionReason: decision.reason,
    },
  });
}

/** Answer to a permission question; nobody is there to ask, so it is always a refusal. */
export function permissionDenied(requestId: string, message: string): ControlLine {
  return controlResponse(requestId, { behavior: 'deny', message });
}

function controlRequest(requestId: string, request: JsonObject): ControlLine {
  return { type: 'control_request', request_id: requestId, request };
}

function controlResponse(requestId: string, response: JsonObject): ControlLine {
  return {
    type: 'control_response',
    response: { subtype: 'success', request_id: requestId, response },
  };
}
