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
export function initialize(
  requestId: string,
  hookTimeoutSeconds: number,
  servers: readonly string[] = [],
): ControlLine {
  return controlRequest(requestId, {
    subtype: 'initialize',
    ...(servers.length === 0 ? {} : { sdkMcpServers: servers }),
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

/** Asks which model it would use, among other things; answered before any turn. */
export function getSettings(requestId: string): ControlLine {
  return controlRequest(requestId, { subtype: 'get_settings' });
}

export function endSession(requestId: string): ControlLine {
  return controlRequest(requestId, { subtype: 'end_session' });
}

/** Switches the model of the running conversation; the CLI tries it with a call of a few tokens. */
export function setModel(requestId: string, model: string): ControlLine {
  return controlRequest(requestId, { subtype: 'set_model', model });
}

/** In `plan` the CLI itself refuses every change, whatever our hook says. */
export function setPermissionMode(requestId: string, mode: 'plan' | 'dontAsk'): ControlLine {
  return controlRequest(requestId, { subtype: 'set_permission_mode', mode });
}

export type Decision =
  /** `ask`: the controller could allow it all the same. */
  { allow: boolean; reason: string; ask?: true } | { allow: 'default' };

/**
 * Answer to a PreToolUse callback. `default` leaves the decision to the CLI's own rules; `note`
 * reaches the model beside the tool's result; `input` replaces the call's own (all measured with
 * 2.1.329, under `dontAsk`).
 */
export function hookAnswer(
  requestId: string,
  decision: Decision,
  extra: { note?: string | undefined; input?: JsonObject | undefined } = {},
): ControlLine {
  const output = {
    ...(decision.allow === 'default'
      ? {}
      : {
          permissionDecision: decision.allow ? 'allow' : 'deny',
          permissionDecisionReason: decision.reason,
        }),
    ...(extra.note === undefined ? {} : { additionalContext: extra.note }),
    ...(extra.input === undefined ? {} : { updatedInput: extra.input }),
  };
  if (Object.keys(output).length === 0) return controlResponse(requestId, {});
  return controlResponse(requestId, {
    hookSpecificOutput: { hookEventName: 'PreToolUse', ...output },
  });
}

/** Answer to a permission question; nobody is there to ask, so it is always a refusal. */
export function permissionDenied(requestId: string, message: string): ControlLine {
  return controlResponse(requestId, { behavior: 'deny', message });
}

/** Answer to a message for one of our own MCP servers. */
export function mcpAnswer(requestId: string, message: JsonObject): ControlLine {
  return controlResponse(requestId, { mcp_response: message });
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
