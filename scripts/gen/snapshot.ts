import { byteLength } from '../../src/core/text.ts';
import { describeTool } from '../../src/mcp/describe.ts';
import type { Tool } from '../../src/tools/define.ts';
import { listedTool } from '../../src/tools/listed.ts';
import { outputSchemaOf } from '../../src/tools/schema.ts';

export type Snapshot = ReturnType<typeof snapshotOf>;

/** A tool's whole contract: what clients are sent, what its results look like, what it costs. */
export function snapshotOf(tool: Tool) {
  return {
    bytes: toolBytes(tool),
    listed: describeTool(listedTool(tool)),
    output: outputSchemaOf(tool),
  };
}

/** What a tool costs every controller that loads it: name, description and input schema. */
export function toolBytes(tool: Tool): number {
  const { name, description, inputSchema } = describeTool(listedTool(tool));
  return byteLength(JSON.stringify({ name, description, inputSchema }));
}
