import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBase32 } from '../core/ids.ts';
import { Answerer, type Exchange } from './answer.ts';
import { jsonReply } from './frames.ts';
import { readCall, receive, routeOf } from './receive.ts';
import { type RecordedRequest, Recorder } from './record.ts';
import type { Script, Usage } from './script.ts';

export type LoopbackOptions = {
  scripts?: readonly Script[];
  /** Default: any free port. */
  port?: number;
  /** Only these credentials are accepted (bearer or x-api-key); others get 401. Default: any or none. */
  requireToken?: string | readonly string[];
  /** Ids listed by `GET /v1/models`. */
  models?: readonly string[];
};

/**
 * A model server on 127.0.0.1 that says what scripts tell it to. It speaks the Anthropic Messages API
 * and the OpenAI Responses API, under any path prefix (`/v1`, `/api/anthropic/v1`, none).
 */
export type LoopbackModel = {
  /** Without a trailing slash or path: `ANTHROPIC_BASE_URL` as it is, Codex's `base_url` plus `/v1`. */
  url: string;
  port: number;
  /** Every request so far, oldest first; records fill in while they are answered. */
  requests: readonly RecordedRequest[];
  scripts: readonly Script[];
  addScript(script: Script): void;
  /** Opens a hold for good; whoever waits at it goes on. */
  release(hold: string): void;
  /** The first request, past or future, that satisfies the predicate. Default timeout 30 s. */
  waitForRequest(
    predicate: (request: RecordedRequest) => boolean,
    timeoutMs?: number,
  ): Promise<RecordedRequest>;
  /** The request that is waiting at this hold, as soon as one is. Default timeout 30 s. */
  waitForHold(hold: string, timeoutMs?: number): Promise<RecordedRequest>;
  /** Model calls (no side requests) that this script answered, retries included. */
  requestsFor(script: string, step?: number): RecordedRequest[];
  /** Model calls per conversation, retries included. */
  callsPerConversation(): Readonly<Record<string, number>>;
  /** Sum of the usage declared in whole answers; side requests only in the total of all scripts. */
  tokensServed(script?: string): Usage;
  /** Ends every connection, held ones too. Safe to call twice. */
  close(): Promise<void>;
};

const DEFAULT_TIMEOUT_MS = 90_000;

/** Clients look whether anybody is there before they send a credential. */
const OPEN_ROUTES: ReadonlySet<string> = new Set(['HEAD /', 'GET /']);

export async function startLoopbackModel(options: LoopbackOptions = {}): Promise<LoopbackModel> {
  const recorder = new Recorder();
  const answerer = new Answerer(options.scripts ?? [], recorder);
  const idPrefix = `lb${randomBase32(6)}x`;
  const server = createServer((request, response) => {
    // A handler that fails would leave its client waiting: hang up instead.
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const record = recorder.add(await receive(request));
    const exchange: Exchange = {
      record,
      response,
      signal: gone.signal,
      id: `${idPrefix}${record.seq}`,
    };
    await answer(exchange);
  }

  async function answer(exchange: Exchange): Promise<void> {
    const { record } = exchange;
    const route = routeOf(record);
    if (!OPEN_ROUTES.has(route) && !isAllowed(record.token)) {
      await answerer.refuse(record.api ?? 'messages', 401, 'Invalid authentication.', exchange);
      return;
    }
    switch (route) {
      case 'POST /messages':
      case 'POST /responses': {
        const call = readCall(record);
        if ('problem' in call) {
          await answerer.refuse(record.api ?? 'messages', 400, call.problem, exchange);
        } else {
          await answerer.answer(call, exchange);
        }
        return;
      }
      case 'POST /messages/count_tokens':
        recorder.update(record, { kind: 'count_tokens' });
        await answerer.send(jsonReply({ input_tokens: roughTokens(record) }), 200, exchange);
        return;
      case 'GET /models':
        recorder.update(record, { kind: 'models' });
        await answerer.send(modelList(options.models ?? ['loopback']), 200, exchange);
        return;
      case 'HEAD /':
      case 'GET /':
        await answerer.send(jsonReply({ ok: true }), 200, exchange);
        return;
      default:
        await answerer.refuse('messages', 404, `No such endpoint: ${route}`, exchange);
    }
  }

  function isAllowed(token: string | undefined): boolean {
    const { requireToken } = options;
    if (requireToken === undefined) return true;
    return token !== undefined && [requireToken].flat().includes(token);
  }

  const port = await listen();

  function listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', () => {
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  const modelCalls = () => recorder.all.filter((one) => one.kind === 'model');

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: recorder.all,
    scripts: answerer.book.all,
    addScript: (script) => answerer.book.add(script),
    release: (hold) => answerer.gates.release(hold),
    waitForRequest: (predicate, timeoutMs = DEFAULT_TIMEOUT_MS) =>
      recorder.waitFor(predicate, timeoutMs),
    waitForHold: (hold, timeoutMs = DEFAULT_TIMEOUT_MS) =>
      recorder.waitFor((one) => one.state === 'held' && one.hold === hold, timeoutMs),
    requestsFor: (script, step) =>
      modelCalls().filter((one) => one.script === script && (step ?? one.step) === one.step),
    callsPerConversation: () => countBy(modelCalls(), (one) => one.conversation ?? ''),
    tokensServed: (script) =>
      sum(script === undefined ? recorder.all : modelCalls().filter((o) => o.script === script)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function modelList(models: readonly string[]) {
  const data = models.map((id) => ({
    id,
    type: 'model',
    object: 'model',
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
    created: 1_767_225_600,
    owned_by: 'loopback',
  }));
  return jsonReply({ object: 'list', data, has_more: false });
}

function roughTokens(record: RecordedRequest): number {
  return Math.ceil(record.bytes / 4);
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

function sum(requests: readonly RecordedRequest[]): Usage {
  const total: Usage = { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 };
  for (const { usage } of requests) {
    total.input += usage?.input ?? 0;
    total.output += usage?.output ?? 0;
    total.cacheRead += usage?.cacheRead ?? 0;
    total.cacheCreation += usage?.cacheCreation ?? 0;
  }
  return total;
}
