import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import {
  type CallToolResult,
  CallToolResultSchema,
  type ElicitRequestFormParams,
  ElicitRequestSchema,
  type ElicitResult,
  ListRootsRequestSchema,
  type ServerCapabilities,
} from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { isObject } from '../../src/core/json.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import type { Tool } from '../../src/tools/define.ts';
import { listedTool } from '../../src/tools/listed.ts';
import { LISTING } from '../../src/tools/listing.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { scratch } from '../support/scratch.ts';

/**
 * A machine of its own three directories deep, so that a path that climbs out of the project still
 * lands where a test can see it. Its Claude Code only tells a version and its supervisor does nothing.
 */
export type Machine = { dir: string; project: string; env: Record<string, string>; host: Host };

export function machine(overrides: Partial<Host> = {}, dir = scratch()): Machine {
  const place = join(dir, 'a', 'b', 'c');
  const [project, home, tmp] = ['project', 'home', 'tmp'].map((name) => join(place, name));
  for (const path of [project, home, tmp]) if (path) mkdirSync(path, { recursive: true });
  const claude = join(place, 'claude');
  writeFileSync(claude, '#!/bin/sh\necho "2.1.329 (Claude Code)"\n', { mode: 0o755 });
  const env = {
    HOME: home ?? '',
    TMPDIR: tmp ?? '',
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    CLAUDE_PROJECT_DIR: project ?? '',
    CC_CLAUDE_PATH: claude,
    CC_PROFILE_TEST_BASE_URL: 'http://127.0.0.1:9',
    CC_PROFILE_TEST_AUTH_TOKEN: 'face-token-8d1f0c3b7a',
    CC_PROFILE_TEST_MODEL: 'test-model-1',
  };
  const host: Host = {
    env,
    clock: systemClock,
    home: userHome(env),
    supervisor: { file: process.execPath, args: ['-e', ''] },
    readOnly: false,
    ...overrides,
  };
  return { dir, project: project ?? '', env, host };
}

export type FaceOptions = {
  host?: Host;
  tools?: readonly Tool[];
  client?: string;
  /** Answers `roots/list`; without it the client has no roots. */
  roots?: () => { uri: string }[] | Promise<{ uri: string }[]>;
  /** Answers forms; without it the client shows none. */
  elicit?: (form: ElicitRequestFormParams) => ElicitResult;
};

/** A client connected to our server in this process. */
export async function connect(options: FaceOptions = {}) {
  const closing = new AbortController();
  const tools = options.tools ?? TOOLS;
  const server = createMcpServer({
    host: options.host ?? machine().host,
    listing: options.tools?.map(listedTool) ?? LISTING,
    loadTools: async () => tools,
    closing: closing.signal,
  });
  const { roots, elicit } = options;
  const client = new Client(
    { name: options.client ?? 'test-client', version: '1.0.0' },
    { capabilities: { ...(roots && { roots: {} }), ...(elicit && { elicitation: {} }) } },
  );
  if (elicit !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) =>
      elicit(params as ElicitRequestFormParams),
    );
  }
  if (roots !== undefined) {
    client.setRequestHandler(ListRootsRequestSchema, async () => ({ roots: await roots() }));
  }
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), client.connect(near)]);
  onTestFinished(async () => {
    closing.abort();
    await client.close();
  });
  return {
    client,
    closing,
    capabilities: (): ServerCapabilities => client.getServerCapabilities() ?? {},
    call: (name: string, args?: unknown, meta?: Record<string, unknown>, signal?: AbortSignal) =>
      client.request(
        {
          method: 'tools/call',
          params: {
            name,
            ...(args === undefined ? {} : { arguments: args as Record<string, unknown> }),
            ...(meta === undefined ? {} : { _meta: meta }),
          },
        },
        CallToolResultSchema,
        { ...(signal === undefined ? {} : { signal }) },
      ),
  };
}
export type Face = Awaited<ReturnType<typeof connect>>;

export function textOf(result: CallToolResult): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
}

/** The structured content of a result that must be a success. */
export function dataOf(result: CallToolResult): Record<string, unknown> {
  if (result.isError) throw new Error(`not a success: ${textOf(result)}`);
  if (result.structuredContent === undefined) throw new Error('no structured content');
  return result.structuredContent;
}

/** The error facts of a result that must be an error. */
export function errorOf(result: CallToolResult): {
  code: string;
  message: string;
  hint: string;
  retryable: boolean;
} {
  const error = result.structuredContent?.error;
  if (!result.isError || !isObject(error)) throw new Error(`not an error: ${textOf(result)}`);
  return error as ReturnType<typeof errorOf>;
}

/** The error code of a call, or `ok`. */
export function codeOf(result: CallToolResult): string {
  return result.isError ? errorOf(result).code : 'ok';
}
