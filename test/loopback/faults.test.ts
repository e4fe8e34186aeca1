import { expect, it } from 'vitest';
import type { Fault } from '../../src/loopback/index.ts';
import { eventsOf, messages, responses, textOf, typesOf, withModel } from './client.ts';

const failing = (...faults: Fault[]) => [
  { name: 's', steps: [{ text: 'a text that is sent in several deltas', faults }] },
];

it.each([
  [429, 'rate_limit_error'],
  [401, 'authentication_error'],
  [529, 'overloaded_error'],
  [500, 'api_error'],
])('HTTP %i in the words of the Messages API', (status, type) =>
  withModel(
    failing({ kind: 'http', status, message: 'no', headers: { 'retry-after': '3' } }),
    async (model) => {
      const response = await messages(model, 'go', { stream: true });
      expect(response.status).toBe(status);
      expect(response.headers.get('retry-after')).toBe('3');
      expect(await response.json()).toMatchObject({
        type: 'error',
        error: { type, message: 'no' },
      });
      expect(model.requests[0]).toMatchObject({ status, fault: 'http', usage: undefined });
    },
  ),
);

it('HTTP errors in the words of the Responses API, or verbatim', () =>
  withModel(
    failing(
      { kind: 'http', status: 429, type: 'usage_limit_reached', times: 1 },
      { kind: 'http', status: 502, body: '<h1>Bad gateway</h1>' },
    ),
    async (model) => {
      const first = await responses(model, 'go');
      expect(await first.json()).toMatchObject({ error: { type: 'usage_limit_reached' } });
      const second = await responses(model, 'go');
      expect([second.status, await second.text()]).toEqual([502, '<h1>Bad gateway</h1>']);
      expect(second.headers.get('content-type')).toMatch(/^text\/html/);
    },
  ));

it('faults follow one another as their times are used up, per conversation', () =>
  withModel(
    failing({ kind: 'http', status: 429, times: 1 }, { kind: 'http', status: 500, times: 2 }),
    async (model) => {
      const ask = async (session: string) => {
        const response = await messages(model, 'go', {}, { 'x-claude-code-session-id': session });
        await response.text();
        return response.status;
      };
      expect([await ask('a'), await ask('a'), await ask('b')]).toEqual([429, 500, 429]);
      expect([await ask('a'), await ask('a'), await ask('b')]).toEqual([500, 200, 500]);
    },
  ));

it('times may be counted over all conversations of the script', () =>
  withModel(failing({ kind: 'http', status: 500, times: 1, per: 'script' }), async (model) => {
    const statuses = ['a', 'b'].map(async (session) => {
      const headers = { 'x-claude-code-session-id': session };
      return (await messages(model, 'go', {}, headers)).status;
    });
    expect((await Promise.all(statuses)).sort()).toEqual([200, 500]);
  }));

it.each(['before_headers', 'after_headers', 'mid_message'] as const)('reset %s', (at) =>
  withModel(failing({ kind: 'cut', how: 'reset', at }), async (model) => {
    const answer = messages(model, 'go', { stream: true }).then((response) => response.text());
    await expect(answer).rejects.toThrow();
    expect(model.requests[0]).toMatchObject({ state: 'broken', fault: 'cut', usage: undefined });
  }),
);

it('clean end in the middle', () =>
  withModel(failing({ kind: 'cut', how: 'eof', at: 'mid_message' }), async (model) => {
    const events = await eventsOf(await messages(model, 'go', { stream: true }));
    expect(typesOf(events).at(-1)).toBe('content_block_delta');
    expect(model.requests[0]?.state).toBe('broken');
  }));

it('clean end before any header', () =>
  withModel(failing({ kind: 'cut', how: 'eof', at: 'before_headers' }), async (model) => {
    await expect(messages(model, 'go')).rejects.toThrow();
  }));

it('malformed', () =>
  withModel(failing({ kind: 'malformed', at: 'after_headers', times: 1 }), async (model) => {
    await expect(eventsOf(await messages(model, 'go', { stream: true }))).rejects.toThrow(/JSON/);
    expect(await textOf(await messages(model, 'go'))).toMatch(/^a text/);
  }));

it('an error inside the stream, in both APIs', () =>
  withModel(
    failing({ kind: 'stream_error', at: 'mid_message', message: 'busy' }),
    async (model) => {
      const claude = await eventsOf(await messages(model, 'go', { stream: true }));
      expect(claude.at(-1)).toMatchObject({
        type: 'error',
        error: { type: 'overloaded_error', message: 'busy' },
      });
      const codex = await eventsOf(await responses(model, 'go', { stream: true }));
      expect(codex.at(-1)).toMatchObject({
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'server_is_overloaded', message: 'busy' } },
      });
    },
  ));

it('a whole answer can be cut in the middle too', () =>
  withModel(failing({ kind: 'cut', how: 'eof', at: 'mid_message' }), async (model) => {
    const text = await (await messages(model, 'go')).text();
    expect(text.startsWith('{')).toBe(true);
    expect(() => JSON.parse(text)).toThrow();
  }));
