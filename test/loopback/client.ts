import { type LoopbackModel, type Script, startLoopbackModel } from '../../src/loopback/index.ts';
import type { LoopbackOptions } from '../../src/loopback/server.ts';

/** Runs `use` with a server that is closed afterwards, whatever happens. */
export async function withModel<T>(
  scripts: readonly Script[],
  use: (model: LoopbackModel) => Promise<T>,
  options: LoopbackOptions = {},
): Promise<T> {
  const model = await startLoopbackModel({ ...options, scripts });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

export type Turn = { role: string; content: unknown };

export function post(
  model: LoopbackModel,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${model.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** A Messages API request; `turns` is one user text or the whole conversation. */
export function messages(
  model: LoopbackModel,
  turns: string | readonly Turn[],
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const all = typeof turns === 'string' ? [{ role: 'user', content: turns }] : turns;
  const body = { model: 'claude-x', max_tokens: 1000, messages: all, ...extra };
  return post(model, '/v1/messages', body, { 'x-claude-code-session-id': 'session-1', ...headers });
}

/** A Responses API request. */
export function responses(
  model: LoopbackModel,
  input: unknown,
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return post(model, '/v1/responses', { model: 'gpt-x', input, ...extra }, headers);
}

export type SseEvent = { type: string } & Record<string, unknown>;

/** The events of a whole stream. Throws when the connection breaks or JSON does not parse. */
export async function eventsOf(response: Response): Promise<SseEvent[]> {
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part) => JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? ''));
}

export function typesOf(events: readonly SseEvent[]): string[] {
  return events.map((event) => event.type);
}

/** What a whole Messages answer says. */
export async function textOf(response: Response): Promise<string> {
  const body = (await response.json()) as { content: { text?: string }[] };
  return body.content.map((block) => block.text ?? '').join('');
}
