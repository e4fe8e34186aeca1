import { expect, it } from 'vitest';
import type { Step } from '../../src/loopback/index.ts';
import { messages, post, textOf, withModel } from './client.ts';

const MOMENTS = ['before_headers', 'after_headers', 'mid_message'] as const;
const held = (hold: Step['hold'] & object, rest: Step = {}) => [
  { name: 's', steps: [{ text: 'a text that is sent in several deltas', ...rest, hold }] },
];

it.each(MOMENTS)('waits %s until released, then goes on', (at) =>
  withModel(held({ at }), async (model) => {
    const answer = messages(model, 'go', { stream: true }).then((response) => response.text());
    const request = await model.waitForHold('s/0');
    expect(request).toMatchObject({ state: 'held', hold: 's/0', step: 0 });
    expect(request.status).toBe(at === 'before_headers' ? undefined : 200);
    expect(request.sentBytes > 0).toBe(at === 'mid_message');
    model.release('s/0');
    expect(await answer).toContain('message_stop');
    expect(request.state).toBe('complete');
  }),
);

it.each(MOMENTS)('notices %s that the client hung up', (at) =>
  withModel(held({ at }), async (model) => {
    const stop = new AbortController();
    const body = { model: 'x', stream: true, messages: [{ role: 'user', content: 'go' }] };
    const answer = post(model, '/v1/messages', body, {}, stop.signal).then((one) => one.text());
    const request = await model.waitForHold('s/0');
    stop.abort();
    await expect(answer).rejects.toThrow();
    await model.waitForRequest((one) => one.state === 'aborted');
    expect(request.usage).toBeUndefined();
  }),
);

it.each(MOMENTS)('closes at once %s', async (at) => {
  await withModel(held({ at }), async (model) => {
    const answer = messages(model, 'go', { stream: true }).then((response) => response.text());
    answer.catch(() => undefined);
    await model.waitForHold('s/0');
    const started = performance.now();
    await model.close();
    // Node itself would keep idle connections for 5 s.
    expect(performance.now() - started).toBeLessThan(4000);
    await expect(answer).rejects.toThrow();
  });
});

it('a released hold stays open; `times` limits how many it stops', () =>
  withModel(held({ at: 'before_headers', name: 'gate', times: 1 }), async (model) => {
    const first = messages(model, 'go');
    await model.waitForHold('gate');
    expect(await textOf(await messages(model, 'go'))).toMatch(/^a text/);
    model.release('gate');
    expect(await textOf(await first)).toMatch(/^a text/);
  }));

it('one release frees everybody who waits at the name', () =>
  withModel(held({ at: 'before_headers', name: 'gate' }), async (model) => {
    const both = [messages(model, 'one'), messages(model, 'two')];
    await model.waitForRequest(
      () => model.requests.filter((one) => one.state === 'held').length === 2,
    );
    model.release('gate');
    expect((await Promise.all(both)).map((one) => one.status)).toEqual([200, 200]);
  }));

it('may end in a fault', () =>
  withModel(
    held({ at: 'mid_message' }, { faults: [{ kind: 'cut', how: 'reset', at: 'mid_message' }] }),
    async (model) => {
      const answer = messages(model, 'go', { stream: true }).then((response) => response.text());
      answer.catch(() => undefined);
      await model.waitForHold('s/0');
      model.release('s/0');
      await expect(answer).rejects.toThrow();
    },
  ));

it('trickles at the pace it is told', () =>
  withModel(
    [
      {
        name: 's',
        steps: [
          {
            text: 'abcd',
            pace: { beforeHeadersMs: 60, betweenChunksMs: 30, chunkChars: 1 },
          },
        ],
      },
    ],
    async (model) => {
      const started = performance.now();
      await (await messages(model, 'go', { stream: true })).text();
      expect(performance.now() - started).toBeGreaterThan(150);
    },
  ));

it('a hold that nobody reaches is reported with what was seen', () =>
  withModel([{ name: 's', steps: [] }], async (model) => {
    await messages(model, 'go');
    await expect(model.waitForHold('nowhere', 50)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      details: { seen: ['POST /v1/messages s/0 complete'] },
    });
  }));
