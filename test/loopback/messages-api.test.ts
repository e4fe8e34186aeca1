import { expect, it } from 'vitest';
import { eventsOf, messages, post, textOf, typesOf, withModel } from './client.ts';

const everything = {
  name: 'all',
  steps: [
    {
      thinking: 'hmm',
      text: 'hi',
      tools: [
        { name: 'Read', input: { file_path: '/a' } },
        { namespace: 'mcp__ctl', name: 'report', input: {} },
      ],
      usage: { input: 7, output: 9, cacheRead: 3, cacheCreation: 1 },
    },
  ],
};

it('streams thinking, text and tool calls as the API does', () =>
  withModel([everything], async (model) => {
    const response = await messages(model, 'go', { stream: true });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = await eventsOf(response);
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop'];
    expect(typesOf(events)).toEqual([
      ...['message_start', 'ping', 'content_block_start', 'content_block_delta'],
      ...['content_block_delta', 'content_block_stop', ...block, ...block, ...block],
      ...['message_delta', 'message_stop'],
    ]);
    expect(events[0]?.message).toMatchObject({
      model: 'claude-x',
      usage: { input_tokens: 7, cache_read_input_tokens: 3, cache_creation_input_tokens: 1 },
    });
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: 'tool_use' },
      usage: { output_tokens: 9 },
    });
    const names = events.flatMap((event) => {
      const start = event.content_block as { name?: string } | undefined;
      return start?.name ?? [];
    });
    expect(names).toEqual(['Read', 'mcp__ctl__report']);
  }));

it('answers whole where the script says so, also when a stream was asked for', () =>
  withModel([{ name: 'all', steps: [{ text: 'hi', whole: true }] }], async (model) => {
    const response = await messages(model, 'go', { stream: true });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ content: [{ type: 'text', text: 'hi' }] });
  }));

it('answers without streaming', () =>
  withModel([everything], async (model) => {
    const body = await (await messages(model, 'go')).json();
    expect(body).toMatchObject({
      type: 'message',
      role: 'assistant',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'hmm' },
        { type: 'text', text: 'hi' },
        { type: 'tool_use', name: 'Read', input: { file_path: '/a' } },
        { type: 'tool_use', name: 'mcp__ctl__report', input: {} },
      ],
      usage: { input_tokens: 7, output_tokens: 9 },
    });
  }));

it('gives every request its own ids', () =>
  withModel([everything], async (model) => {
    const ids = async () => {
      const body = (await (await messages(model, 'go')).json()) as {
        id: string;
        content: { id?: string }[];
      };
      return [body.id, ...body.content.flatMap((block) => block.id ?? [])];
    };
    const all = [...(await ids()), ...(await ids())];
    expect(new Set(all).size).toBe(6);
  }));

it('takes chunk size, model and stop reason from the step', () =>
  withModel(
    [
      {
        name: 's',
        steps: [
          { text: 'a🦊bcd', model: 'other', stopReason: 'max_tokens', pace: { chunkChars: 2 } },
        ],
      },
    ],
    async (model) => {
      const events = await eventsOf(await messages(model, 'go', { stream: true }));
      const texts = events.flatMap((event) => (event.delta as { text?: string })?.text ?? []);
      expect(texts).toEqual(['a🦊', 'bc', 'd']);
      expect(events[0]?.message).toMatchObject({ model: 'other' });
      expect(events.at(-2)?.delta).toMatchObject({ stop_reason: 'max_tokens' });
    },
  ));

it('floods', () =>
  withModel([{ name: 's', steps: [{ text: 'x', floodBytes: 1_000_000 }] }], async (model) => {
    const events = await eventsOf(await messages(model, 'go', { stream: true }));
    const texts = events.map((event) => (event.delta as { text?: string })?.text ?? '');
    expect(texts.join('')).toHaveLength(1_000_001);
    expect(texts.length).toBeGreaterThan(15_000);
    expect(model.requests[0]?.sentBytes).toBeGreaterThan(1_000_000);
  }));

it('answers side requests without using up a step', () =>
  withModel([{ name: 's', steps: [{ text: 'step 0' }] }], async (model) => {
    const probe = await messages(model, 'quota', { max_tokens: 1 });
    expect(await textOf(probe)).toBe('ok');
    const format = { type: 'json_schema', schema: { properties: { title: { type: 'string' } } } };
    const title = await messages(model, 'name it', { tools: [], output_config: { format } });
    expect(JSON.parse(await textOf(title))).toEqual({ title: 'Loopback' });
    const count = await post(model, '/v1/messages/count_tokens', { messages: [] });
    expect(await count.json()).toEqual({ input_tokens: 4 });
    expect(await textOf(await messages(model, 'go'))).toBe('step 0');
    expect(model.requests.map((one) => one.side ?? one.kind)).toEqual([
      'probe',
      'title',
      'count_tokens',
      'model',
    ]);
    expect(model.requestsFor('s')).toHaveLength(1);
  }));

it('refuses what the API would refuse', () =>
  withModel([], async (model) => {
    for (const body of ['not json', { model: 'x' }, { model: 'x', messages: [] }]) {
      const response = await post(model, '/v1/messages', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        type: 'error',
        error: { type: 'invalid_request_error' },
      });
    }
  }));
