import { type JsonObject, numberAt, objectAt, stringAt } from '../../core/json.ts';
import { VERSION } from '../../core/version.ts';

/**
 * A tool of ours in the worker, over the control pipe (claude-code-cli.md §6, "SDK MCP"): no further
 * process, and nobody but the supervisor of this run can answer.
 */
export const OWN_SERVER = 'cc';
export const DELEGATE_TOOL = `mcp__${OWN_SERVER}__delegate`;

/** What its worker offers where it launches. */
export type Helper = { name: string; text: string };

/** What the worker wants done by another one. */
export type DelegateCall = { role: string; task: string; max_usd?: number; max_tokens?: number };

const METHOD_NOT_FOUND = -32601;

/** The tool a message calls, as Claude Code names it. */
export function calledTool(message: JsonObject | undefined): string | undefined {
  if (stringAt(message, 'method') !== 'tools/call') return undefined;
  return `mcp__${OWN_SERVER}__${stringAt(objectAt(message, 'params'), 'name') ?? ''}`;
}

export function delegateCall(message: JsonObject): DelegateCall | undefined {
  if (calledTool(message) !== DELEGATE_TOOL) return undefined;
  const args = objectAt(objectAt(message, 'params'), 'arguments');
  const [role, task] = [stringAt(args, 'role'), stringAt(args, 'task')];
  if (!role || !task?.trim()) return undefined;
  const [max_usd, max_tokens] = [numberAt(args, 'max_usd'), numberAt(args, 'max_tokens')];
  return {
    role,
    task,
    ...(max_usd === undefined ? {} : { max_usd }),
    ...(max_tokens === undefined ? {} : { max_tokens }),
  };
}

/** The reply to everything that is no call of the tool. */
export function serverReply(message: JsonObject, helpers: readonly Helper[]): JsonObject {
  const { id, method } = message;
  // The CLI takes this for the answer to a notification (claude-code-cli.md §4).
  if (id === undefined) return { jsonrpc: '2.0', result: {}, id: 0 };
  switch (method) {
    case 'initialize':
      return reply(message, {
        protocolVersion: stringAt(objectAt(message, 'params'), 'protocolVersion') ?? '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: OWN_SERVER, version: VERSION },
      });
    case 'ping':
      return reply(message, {});
    case 'tools/list':
      return reply(message, { tools: [delegateTool(helpers)] });
    case 'tools/call':
      return toolReply(message, 'Pass a role of the list and a task.', true);
    default:
      return { jsonrpc: '2.0', id, error: { code: METHOD_NOT_FOUND, message: 'not supported' } };
  }
}

export function toolReply(message: JsonObject, text: string, isError: boolean): JsonObject {
  return reply(message, { content: [{ type: 'text', text }], isError });
}

function reply({ id }: JsonObject, result: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, result };
}

function delegateTool(helpers: readonly Helper[]): JsonObject {
  const roles = helpers.map(({ name, text }) => (text === '' ? name : `${name}: ${text}`));
  return {
    name: 'delegate',
    description: `Have another worker do a separate part of your task, and get its handoff. It sees only the task you write. Roles: ${roles.join('; ')}`,
    inputSchema: {
      type: 'object',
      properties: {
        role: { type: 'string', enum: helpers.map(({ name }) => name) },
        task: { type: 'string', description: 'All it needs to know; it sees nothing else.' },
        max_usd: { type: 'number', description: 'Of your remaining budget.' },
        max_tokens: { type: 'integer' },
      },
      required: ['role', 'task'],
    },
    // Else its name alone is listed, and the model has to look for it first.
    _meta: { 'anthropic/alwaysLoad': true },
  };
}
