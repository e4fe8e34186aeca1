import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { callTool, failure } from '../tools/call.ts';
import type { Tool } from '../tools/define.ts';
import { findTool } from '../tools/surface.ts';
import { type CallFacts, callContext } from './call-context.ts';
import { respond } from './respond.ts';

export type Call = {
  name: string;
  arguments: unknown;
  /** What the server shows; there are no others. */
  tools: readonly Tool[];
};

/** One `tools/call`. It does not throw: what is wrong is an answer too. */
export async function answerCall(call: Call, facts: CallFacts): Promise<CallToolResult> {
  let tool: Tool;
  try {
    tool = findTool(call.tools, call.name);
  } catch (error) {
    return respond(undefined, failure(error), facts.clientName);
  }
  const outcome = await callTool(tool, call.arguments, callContext(facts));
  return respond(tool, outcome, facts.clientName);
}
