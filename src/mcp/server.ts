import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { lazy } from '../core/lazy.ts';
import { VERSION } from '../core/version.ts';
import type { Tool } from '../tools/define.ts';
import type { ListedTool } from '../tools/listed.ts';
import type { Host } from '../workspace/host.ts';
import { type CallFacts, firstRoot, placeOf } from './call-context.ts';
import { describeTool } from './describe.ts';
import { elicit } from './elicit.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { servePrompts } from './prompts.ts';
import { serveResources } from './resources.ts';

const loadAnswer = /* @__PURE__ */ lazy(() => import('./answer-call.ts'));

const ROOTS_TIMEOUT_MS = 5000;

export type McpServerOptions = {
  host: Host;
  /** What is shown. */
  listing: readonly ListedTool[];
  /** The tools behind it, for the first call. */
  loadTools: () => Promise<readonly Tool[]>;
  /** Ends every waiting call when the server shuts down. */
  closing: AbortSignal;
};

/**
 * The MCP face of the registry. The low-level server is used on purpose: the list is ours byte for
 * byte, and argument errors get our own words instead of a schema dump.
 */
export function createMcpServer(options: McpServerOptions): Server {
  const { host, listing, loadTools, closing } = options;
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
    listing,
    place: (meta) => placeOf({ host, meta, clientRoot }, undefined),
  });

  const tools = listing.map(describeTool);
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const signal = AbortSignal.any([extra.signal, closing]);
    const facts: CallFacts = {
      host,
      clientName: server.getClientVersion()?.name ?? 'unknown',
      meta: params._meta,
      clientRoot,
      signal,
      elicit: (form) => elicit(server, form, signal),
      notifyProgress: (params) => {
        // A client that has gone gets no progress; the call itself will notice.
        extra.sendNotification({ method: 'notifications/progress', params }).catch(() => undefined);
      },
    };
    const [{ answerCall }, shown] = await Promise.all([loadAnswer(), loadTools()]);
    return answerCall({ name: params.name, arguments: params.arguments, tools: shown }, facts);
  });
  return server;
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
