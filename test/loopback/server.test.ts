import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { startLoopbackModel } from '../../src/loopback/index.ts';
import { messages, post, responses, textOf, withModel } from './client.ts';

const hello = { name: 'hello', steps: [{ text: 'hello', usage: { input: 3, output: 4 } }] };

it('listens on 127.0.0.1 only, on the port it was given', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const model = await startLoopbackModel({ port });
  expect(model.url).toBe(`http://127.0.0.1:${port}`);
  await expect(startLoopbackModel({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await model.close();
  await model.close();
  await expect(fetch(model.url)).rejects.toThrow();
});

it('accepts only the required token, however it is sent', () =>
  withModel(
    [hello],
    async (model) => {
      const status = async (headers: Record<string, string>) =>
        (await messages(model, 'go', {}, headers)).status;
      expect(await status({})).toBe(401);
      expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
      expect(await status({ authorization: 'Bearer one' })).toBe(200);
      expect(await status({ 'x-api-key': 'two' })).toBe(200);
      expect((await fetch(`${model.url}/v1/models`)).status).toBe(401);
      expect((await fetch(model.url, { method: 'HEAD' })).status).toBe(200);
      expect(model.requests.map((one) => one.token).slice(0, 4)).toEqual([
        undefined,
        'wrong',
        'one',
        'two',
      ]);
      expect(model.requestsFor('hello')).toHaveLength(2);
    },
    { requireToken: ['one', 'two'] },
  ));

it('answers under any path prefix, and lists its models', () =>
  withModel(
    [hello],
    async (model) => {
      const body = { model: 'x', messages: [{ role: 'user', content: 'go' }] };
      for (const path of ['/messages', '/v1/messages?beta=true', '/api/anthropic/v1/messages']) {
        expect(await textOf(await post(model, path, body))).toBe('hello');
      }
      expect(model.requests[1]).toMatchObject({ path: '/v1/messages', query: 'beta=true' });
      const list = await (await fetch(`${model.url}/v1/models`)).json();
      expect(list).toMatchObject({ data: [{ id: 'small' }, { id: 'large' }] });
      expect((await fetch(`${model.url}/nothing`)).status).toBe(404);
    },
    { models: ['small', 'large'] },
  ));

it('records who asked what, and what it was served', () =>
  withModel([hello], async (model) => {
    await (await messages(model, 'go', { stream: true })).text();
    await (await responses(model, 'go', {}, { 'thread-id': 't1' })).text();
    await (await messages(model, 'quota', { max_tokens: 1 })).text();
    expect(model.requests[0]).toMatchObject({
      seq: 1,
      method: 'POST',
      path: '/v1/messages',
      api: 'messages',
      kind: 'model',
      conversation: 'session-1',
      script: 'hello',
      step: 0,
      attempt: 1,
      status: 200,
      state: 'complete',
      body: { messages: [{ role: 'user', content: 'go' }] },
      usage: { input: 3, output: 4 },
    });
    expect(model.callsPerConversation()).toEqual({ 'session-1': 1, t1: 1 });
    expect(model.tokensServed('hello')).toEqual({
      input: 6,
      output: 8,
      cacheRead: 0,
      cacheCreation: 0,
    });
    expect(model.tokensServed().input).toBeGreaterThan(6);
    expect(model.requestsFor('hello', 1)).toEqual([]);
  }));

it('tells sub-agents of one session apart', () =>
  withModel([hello], async (model) => {
    await messages(model, 'go');
    await messages(model, 'go', {}, { 'x-claude-code-agent-id': 'a1' });
    expect(model.callsPerConversation()).toEqual({ 'session-1': 1, 'session-1/a1': 1 });
  }));

it('waits for a request that comes later', () =>
  withModel([hello], async (model) => {
    const waiting = model.waitForRequest((one) => one.state === 'complete');
    await messages(model, 'go');
    expect((await waiting).seq).toBe(1);
  }));
