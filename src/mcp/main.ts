import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { processHost } from '../bin/process-host.ts';
import { ERROR_CODES, toErrorFacts } from '../core/errors.ts';
import { lazy, loadLazyModules } from '../core/lazy.ts';
import { LISTING } from '../tools/listing.ts';
import { parseToolsets, shownOf } from '../tools/surface.ts';
import type { Host } from '../workspace/host.ts';
import { createMcpServer } from './server.ts';
import { exitOnDisconnect } from './shutdown.ts';

const loadRegistry = /* @__PURE__ */ lazy(() => import('../tools/registry.ts'));
const loadRecovery = /* @__PURE__ */ lazy(() => import('../runs/recover-all.ts'));
const loadWorkflowRecovery = /* @__PURE__ */ lazy(
  () => import('../workflows/instances/recover.ts'),
);

/** Longest request line. The SDK's own limit of 10 MB would end the server for one large task. */
const MAX_LINE_BYTES = 64 << 20;

/** By then a client has its list of tools. */
const LOAD_REST_MS = 2000;

/** `cc-orchestrator mcp [--toolsets a,b] [--read-only]`: the stdio server. stdout is protocol only. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { toolsets: { type: 'string' }, 'read-only': { type: 'boolean' } },
  });
  const readOnly = values['read-only'] ?? false;
  const host = processHost({ readOnly });
  const toolsets = parseToolsets(values.toolsets ?? host.env.CC_TOOLSETS);
  const surface = { toolsets, readOnly };
  const closing = new AbortController();
  const server = createMcpServer({
    host,
    listing: shownOf(LISTING, surface),
    loadTools: async () => shownOf((await loadRegistry()).TOOLS, surface),
    closing: closing.signal,
  });
  exitOnDisconnect(async () => {
    closing.abort();
    await server.close();
  });
  const { stdin, stdout } = process;
  await server.connect(new StdioServerTransport(stdin, stdout, { maxBufferSize: MAX_LINE_BYTES }));
  setTimeout(() => void settleIn(host, closing.signal), LOAD_REST_MS).unref();
}

/** What may wait until the client has been served for the first time. */
async function settleIn(host: Host, signal: AbortSignal): Promise<void> {
  // It lives for days, and an upgrade takes away the files that it has not loaded by then.
  await loadLazyModules();
  if (host.readOnly) return;
  try {
    const { recoverAll } = await loadRecovery();
    await recoverAll(host, { signal });
    const { recoverWorkflows } = await loadWorkflowRecovery();
    await recoverWorkflows(host, { signal });
  } catch (error) {
    process.stderr.write(`cc-orchestrator mcp: recovery: ${toErrorFacts(error).message}\n`);
  }
}

main().catch((error: unknown) => {
  const { code, message, hint } = toErrorFacts(error);
  process.stderr.write(`cc-orchestrator mcp: ${message}${hint === undefined ? '' : `\n${hint}`}\n`);
  process.exit(ERROR_CODES[code]);
});
