import type { IncomingMessage } from 'node:http';
import { messagesRequest, readMessagesCall } from './messages-request.ts';
import type { RecordedRequest } from './record.ts';
import { readResponsesCall, responsesRequest } from './responses-request.ts';
import type { Api, ModelCall } from './script.ts';

/** Reads a request to its end. Nothing is known yet about who answers it. */
export async function receive(request: IncomingMessage): Promise<Omit<RecordedRequest, 'seq'>> {
  const time = new Date();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  return {
    time,
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.search.slice(1),
    headers: request.headers,
    token: tokenOf(request),
    body: parseJson(raw.toString('utf8')),
    bytes: raw.length,
    api: apiOf(url.pathname),
    kind: 'other',
    side: undefined,
    conversation: undefined,
    script: undefined,
    step: undefined,
    attempt: undefined,
    status: undefined,
    hold: undefined,
    fault: undefined,
    state: 'received',
    sentBytes: 0,
    usage: undefined,
  };
}

function apiOf(path: string): Api | undefined {
  if (/\/messages(?:\/count_tokens)?$/.test(path)) return 'messages';
  return path.endsWith('/responses') ? 'responses' : undefined;
}

function tokenOf(request: IncomingMessage): string | undefined {
  const bearer = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1];
  const key = request.headers['x-api-key'];
  return bearer ?? (Array.isArray(key) ? key[0] : key);
}

/** Method and endpoint without the prefix of the path: `POST /messages`. */
export function routeOf(record: RecordedRequest): string {
  return `${record.method} ${/\/(?:messages\/)?[^/]*$/.exec(record.path)?.[0]}`;
}

/** The model call in a request, or what is wrong with it. */
export function readCall(record: RecordedRequest): ModelCall | { problem: string } {
  const { body, headers } = record;
  if (typeof body !== 'object' || body === null) return { problem: 'The body is not JSON.' };
  const raw = body as Readonly<Record<string, unknown>>;
  if (record.api === 'messages') {
    const parsed = messagesRequest.safeParse(body);
    if (parsed.success) return readMessagesCall(parsed.data, raw, headers);
    return { problem: parsed.error.message };
  }
  const parsed = responsesRequest.safeParse(body);
  if (parsed.success) return readResponsesCall(parsed.data, raw, headers);
  return { problem: parsed.error.message };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
