import type { Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import { annotationsOf } from '../tools/annotations.ts';
import type { ListedTool } from '../tools/listed.ts';

/** A tool as it is listed; its bytes are budgeted (DESIGN §3) and reported by the bench. */
export function describeTool(tool: ListedTool): McpTool {
  return {
    name: tool.name,
    title: tool.title ?? nameInWords(tool.name),
    description: tool.summary,
    inputSchema: tool.inputSchema,
    annotations: annotationsOf(tool.kind),
    ...(tool.core ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  };
}

/** `cc_poll_run` as "Poll run". */
function nameInWords(name: string): string {
  const words = name.replace(/^cc_/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
