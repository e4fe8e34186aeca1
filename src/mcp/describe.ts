import type { Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import { annotationsOf } from '../tools/annotations.ts';
import type { ListedTool } from '../tools/listed.ts';
import { titleOf } from '../tools/title.ts';

/** A tool as it is listed; its bytes are budgeted (DESIGN §3) and reported by the bench. */
export function describeTool(tool: ListedTool): McpTool {
  return {
    name: tool.name,
    title: titleOf(tool),
    description: tool.summary,
    inputSchema: tool.inputSchema,
    annotations: annotationsOf(tool.kind),
    ...(tool.core ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  };
}
