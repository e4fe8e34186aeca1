import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { CallOutcome } from '../tools/call.ts';
import type { Tool } from '../tools/define.ts';

/** Codex's code mode shows a script both copies of a result, so its text is one line there. */
const PAYS_TWICE = 'codex-mcp-client';

/**
 * A tool's outcome as MCP wants it (mcp-conventions.md §3: what each client's model really sees).
 * Data is structured content plus the same JSON as text; logs and diffs are text only; an error says
 * the same facts in its text (for Claude) and in its structured content (for Codex).
 */
export function respond(
  tool: Tool | undefined,
  outcome: CallOutcome,
  client: string,
): CallToolResult {
  if (!outcome.ok) {
    const { code, message, hint } = outcome.error;
    return {
      isError: true,
      content: [{ type: 'text', text: [`${code}: ${message}`, hint].filter(Boolean).join('\n') }],
      structuredContent: { ok: false, error: outcome.error },
    };
  }
  const { result } = outcome;
  if (tool?.format === 'text') {
    return { content: [{ type: 'text', text: String(result.text) }] };
  }
  const text = client === PAYS_TWICE ? 'See structuredContent.' : JSON.stringify(result);
  return { content: [{ type: 'text', text }], structuredContent: result };
}
