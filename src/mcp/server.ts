import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type Tool as McpTool,
} from '@modelcontextprotocol/sdk/types.js';
import { VERSION } from '../core/version.ts';
import { annotationsOf } from '../tools/annotations.ts';
import { type CallOutcome, callTool, failure } from '../tools/call.ts';
import type { Tool } from '../tools/define.ts';
import { findTool } from '../tools/registry.ts';
import { inputSchemaOf } from '../tools/schema.ts';
import { titleOf } from '../tools/title.ts';
import type { Host } from '../workspace/host.ts';
import { callContext, firstRoot, placeOf } from './call-context.ts';
import { elicit } from './elicit.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { servePrompts } from './prompts.ts';
import { serveResources } from './resources.ts';
import { respond } from './respond.ts';

const ROOTS_TIMEOUT_MS = 5000;

export type McpServerOptions = {
  host: Host;
  tools: readonly Tool[];
  /** Ends every waiting call when the server shuts down. */
  closing: AbortSignal;
};

/**
 * The MCP face of the registry. The low-level server is used on purpose: the list is ours byte for
 * byte, and argument errors get our own words instead of a schema dump.
 */
export function createMcpServer({ host, tools, closing }: McpServerOptions): Server {
  const server = new Server(
    { name: 'cc-orchestrator', version: VERSION },
    {
      capabilities: {
        tools: {},
        prompts: {},
        resources: {},
        // Makes Codex tell its working directory with every call (codex-cli.md A1).
        experimental: { 'codex/sandbox-state-meta': {} },
      },
      instructions: INSTRUCTIONS,
      jsonSchemaValidator: { getValidator: validatesNothing },
    },
  );
  const clientRoot = once(async () => {
    if (server.getClientCapabilities()?.roots === undefined) return undefined;
    return firstRoot(await server.listRoots(undefined, { timeout: ROOTS_TIMEOUT_MS }));
  });

  servePrompts(server, host);
  serveResources(server, {
    host,
    tools,
    place: (meta) => placeOf({ host, meta, clientRoot }, undefined),
  });

  let listed: McpTool[] | undefined;
  server.setRequestHandler(ListToolsRequestSchema, () => {
    // Made when it is asked for, because the answer to `initialize` must not wait for it.
    listed ??= tools.map(describeTool);
    return { tools: listed };
  });
  server.setRequestHandler(CallToolRequestSchema, async (request, extra) => {
    const clientName = server.getClientVersion()?.name ?? 'unknown';
    const tool = lookUp(tools, request.params.name);
    if ('ok' in tool) return respond(undefined, tool, clientName);
    const signal = AbortSignal.any([extra.signal, closing]);
    const context = callContext({
      host,
      clientName,
      meta: request.params._meta,
      clientRoot,
      signal,
      elicit: (form) => elicit(server, form, signal),
      notifyProgress: (params) => {
        // A client that has gone gets no progress; the call itself will notice.
        extra.sendNotification({ method: 'notifications/progress', params }).catch(() => undefined);
      },
    });
    return respond(tool, await callTool(tool, request.params.arguments, context), clientName);
  });
  return server;
}

/** A tool as it is listed; its bytes are budgeted (DESIGN §3) and reported by the bench. */
export function describeTool(tool: Tool): McpTool {
  return {
    name: tool.name,
    title: titleOf(tool),
    description: tool.summary,
    inputSchema: inputSchemaOf(tool),
    annotations: annotationsOf(tool.kind),
    ...(tool.core ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  };
}

function lookUp(tools: readonly Tool[], name: string): Tool | (CallOutcome & { ok: false }) {
  try {
    return findTool(tools, name);
  } catch (error) {
    return failure(error);
  }
}

/** Answers to elicitations are checked where they are used; the SDK's own costs every start some 10 ms. */
function validatesNothing(): never {
  throw new Error('this server validates no JSON schema');
}

/** Asks at most once per connection; a failed answer is no root. */
function once<T>(ask: () => Promise<T | undefined>): () => Promise<T | undefined> {
  let answer: Promise<T | undefined> | undefined;
  return () => {
    answer ??= ask().catch(() => undefined);
    return answer;
  };
}
