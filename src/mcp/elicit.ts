import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Form, FormAnswer } from '../tools/define.ts';

/** A person who has not answered by then may still answer by a tool call of the controller. */
const TIMEOUT_MS = 240_000;

/**
 * Puts a form before the person at the client. Undefined when the client cannot, or the person would
 * not (a client without a person declines at once; mcp-conventions.md §2).
 */
export async function elicit(
  server: Server,
  form: Form,
  signal: AbortSignal,
): Promise<FormAnswer | undefined> {
  if (server.getClientCapabilities()?.elicitation === undefined) return undefined;
  try {
    // Not `elicitInput`: its validation of the answer loads a library, and we check it ourselves.
    const result = await server.request(
      {
        method: 'elicitation/create',
        params: {
          mode: 'form',
          message: form.message,
          requestedSchema: {
            type: 'object',
            properties: Object.fromEntries(
              form.fields.map(({ name, title, choices }) => [
                name,
                { type: 'string', title, ...(choices === undefined ? {} : { enum: [...choices] }) },
              ]),
            ),
            required: form.fields.map(({ name }) => name),
          },
        },
      },
      ElicitResultSchema,
      { timeout: TIMEOUT_MS, signal },
    );
    return result.action === 'accept' ? result.content : undefined;
  } catch {
    return undefined; // gone, too slow, or not able to after all
  }
}
