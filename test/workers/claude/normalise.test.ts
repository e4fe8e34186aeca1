import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyEvent } from '../../../src/runs/apply-event.ts';
import { emptyProgress } from '../../../src/runs/progress.ts';
import { summarise } from '../../../src/runs/summarise.ts';
import { LineReader } from '../../../src/store/lines.ts';
import { EVENT_TEXT_CHARS } from '../../../src/workers/claude/event-fields.ts';
import { MAX_EVENT_BYTES, normaliseLine } from '../../../src/workers/claude/normalise.ts';
import { WORKER_EVENT_TYPES, type WorkerEvent } from '../../../src/workers/events.ts';
import { captureLines, captureNames, runEvent } from '../../support/captures.ts';
import { scratch } from '../../support/scratch.ts';

const TYPES: ReadonlySet<string> = new Set(WORKER_EVENT_TYPES);

function line(value: unknown): WorkerEvent {
  return normaliseLine(Buffer.from(JSON.stringify(value)));
}

const says = (text: string) => ({
  type: 'assistant',
  message: { id: 'm1', model: 'x', content: [{ type: 'text', text }] },
});

function bytesOf(event: WorkerEvent): number {
  return Buffer.byteLength(JSON.stringify(event));
}

describe('lines that no worker should write', () => {
  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['a word', 'plain'],
    ['null', 'null'],
    ['a list', '[{"type":"result"}]'],
    ['a number', '12'],
    ['a text', '"result"'],
    ['half an object', '{"type":"result","is_error":fal'],
    ['two objects', '{"type":"result"}{"type":"result"}'],
    ['a byte order mark before it', '\ufeff{"type":"result"}'],
    ['NUL', Buffer.from([0, 0, 0])],
    ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0xc3])],
  ])('%s is unreadable', (_what, text) => {
    const event = normaliseLine(Buffer.from(text));
    expect(event).toMatchObject({ type: 'cc.worker.unreadable', reason: 'not a JSON object' });
  });

  it('says so where the line was too long to be read', () => {
    expect(normaliseLine(undefined)).toEqual({
      type: 'cc.worker.unreadable',
      reason: 'line too long',
    });
  });

  it('reads a line that ends in CR, and one with invalid UTF-8 inside a text', () => {
    const text = Buffer.from(`${JSON.stringify(says('good'))}\r`);
    expect(normaliseLine(text)).toMatchObject({ type: 'cc.message', text: 'good' });
    const [before, after] = JSON.stringify(says('A|B')).split('|');
    const torn = Buffer.concat([
      Buffer.from(before ?? ''),
      Buffer.from([0xff]),
      Buffer.from(after ?? ''),
    ]);
    expect(normaliseLine(torn)).toMatchObject({ type: 'cc.message', text: 'A\ufffdB' });
  });

  it('keeps line separators inside a text, and one line stays one line', () => {
    const path = join(scratch(), 'stdout');
    writeFileSync(path, `${JSON.stringify(says('a\u2028b\u2029c\u0085d'))}\n{"type":"result"}\n`);
    const reader = new LineReader(path);
    const events = reader.read().map(({ bytes }) => normaliseLine(bytes));
    reader.close();
    expect(events.map(({ type }) => type)).toEqual(['cc.message', 'cc.turn.ended']);
    expect(events[0]?.text).toBe('a\u2028b\u2029cd');
  });

  it('shortens a message of 10 MB at once, and says how long it was', () => {
    const before = performance.now();
    const event = line(says('x\u001b[31m'.repeat(2_000_000)));
    expect(performance.now() - before).toBeLessThan(3000);
    expect(event.chars).toBe(12_000_000);
    expect(bytesOf(event)).toBeLessThan(3 * EVENT_TEXT_CHARS + 500);
  });

  it('survives input nested deeper than any stack', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const text = JSON.stringify({
      type: 'assistant',
      message: { content: [{ type: 'tool_use', name: 'Edit', id: 't', input: { a: 1 } }] },
    }).replace('{"a":1}', `{"edits":${deep}}`);
    const event = normaliseLine(Buffer.from(text));
    expect(event.type).toMatch(/^cc\.(?:tool\.used|worker\.unreadable)$/);
    const shallow = text.replace(deep, '['.repeat(5000) + ']'.repeat(5000));
    expect(normaliseLine(Buffer.from(shallow))).toMatchObject({
      type: 'cc.tool.used',
      input: '{"edits":[[["…"]]]}',
    });
  });

  it('takes terminal sequences, controls and half characters out of every text and name', () => {
    const dirty = 'a\u001b]0;title\u0007\u0000b\u202e\ud83d';
    const event = line({
      type: 'assistant',
      parent_tool_use_id: dirty,
      message: {
        id: dirty,
        model: dirty,
        content: [{ type: 'tool_use', name: dirty, id: dirty, input: { command: dirty } }],
      },
    });
    const clean = 'ab\ufffd';
    expect(event).toMatchObject({
      tool: clean,
      id: clean,
      parent: clean,
      model: clean,
      message_id: clean,
      target: clean,
    });
    expect(JSON.stringify(event)).not.toMatch(/\\u001b|\\u0000|\\ud83d|\u202e/);
  });

  it('treats names that every object has like any other', () => {
    const count = { inputTokens: 3, outputTokens: 1, costUSD: 0.5 };
    const text = `{"type":"result","is_error":false,"modelUsage":{"__proto__":${JSON.stringify(count)},"constructor":${JSON.stringify(count)}}}`;
    const usage = normaliseLine(Buffer.from(text)).usage_total as object;
    expect(Object.keys(usage)).toEqual(['__proto__', 'constructor']);
    const progress = emptyProgress();
    for (const tool of ['constructor', '__proto__', 'toString', 'constructor']) {
      applyEvent(progress, runEvent({ type: 'cc.tool.used', tool, id: tool }));
    }
    expect(Object.entries(summarise(progress).tools)).toEqual([
      ['constructor', 2],
      ['__proto__', 1],
      ['toString', 1],
    ]);
  });
});

describe('kinds the captures do not hold', () => {
  it('tells of a rate limit', () => {
    const limit = {
      status: 'rejected',
      rateLimitType: 'five_hour',
      resetsAt: 1795201271,
      utilization: 1,
    };
    expect(line({ type: 'rate_limit_event', rate_limit_info: limit })).toEqual({
      type: 'cc.worker.notice',
      level: 'rate_limit',
      text: 'five_hour: rejected',
      resets_at: 1795201271,
      used: 1,
    });
    expect(line({ type: 'rate_limit_event' }).text).toBe('rate limit: unknown');
  });

  it('tells of a fallback to another model and of progress of a tool', () => {
    expect(
      line({ type: 'system', subtype: 'model_fallback', original_model: 'a', fallback_model: 'b' }),
    ).toEqual({ type: 'cc.worker.model_changed', from: 'a', to: 'b' });
    expect(
      line({ type: 'tool_progress', tool_name: 'Bash', tool_use_id: 't', elapsed_time_seconds: 4 }),
    ).toEqual({ type: 'cc.tool.progress', tool: 'Bash', id: 't', seconds: 4 });
  });

  it('names what it does not know, and shows when a line held more than it kept', () => {
    expect(line({ type: 'new_thing', subtype: 'x', secret: 'y' })).toEqual({
      type: 'cc.worker.other',
      worker_type: 'new_thing',
      subtype: 'x',
    });
    const two = says('one');
    two.message.content.push({ type: 'text', text: 'two' });
    expect(line(two)).toMatchObject({ text: 'one', blocks: 2 });
    const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'r' });
    expect(line({ type: 'user', message: { content: [result('a'), result('b')] } })).toMatchObject({
      type: 'cc.tool.finished',
      id: 'a',
      more: ['b'],
    });
  });

  it('does not take a missing answer for a good one', () => {
    expect(line({ type: 'result' })).not.toHaveProperty('is_error');
    expect(line({ type: 'result', structured_output: null })).not.toHaveProperty(
      'has_structured_output',
    );
    expect(line({ type: 'control_response' })).toMatchObject({ ok: false });
    expect(line({ type: 'result' }).usage_total).toBeUndefined();
  });

  it('counts tokens that cannot be as none, and never to infinity', () => {
    const usage = line({
      type: 'result',
      modelUsage: {
        a: { inputTokens: -5, outputTokens: 1e308, cacheReadInputTokens: '7', costUSD: null },
        b: 'none',
      },
    }).usage_total;
    expect(usage).toEqual({
      a: { input: 0, output: Number.MAX_SAFE_INTEGER, cache_read: 0, cache_write: 0 },
    });
  });
});

describe('the size of one event', () => {
  // Three bytes each in UTF-8, which is the most that one character of ours can take.
  const HUGE = '\u20ac'.repeat(5000);
  const many = <T>(item: T): T[] => Array.from({ length: 500 }, () => item);
  const usage = Object.fromEntries(
    many(0).map((_, index) => [
      `${index}${HUGE.slice(0, 200)}`,
      { inputTokens: 1000, costUSD: 1 / 3 },
    ]),
  );

  it.each<[string, unknown]>([
    [
      'result',
      {
        type: 'result',
        subtype: HUGE,
        terminal_reason: HUGE,
        stop_reason: HUGE,
        api_error_type: HUGE,
        startup_failure_reason: HUGE,
        errors: many(HUGE),
        permission_denials: many(0).map((_, index) => ({ tool_name: `${index}${HUGE}` })),
        modelUsage: usage,
        model_usage_since_last_result: usage,
        result: HUGE,
      },
    ],
    [
      'init',
      {
        type: 'system',
        subtype: 'init',
        session_id: HUGE,
        model: HUGE,
        cwd: HUGE,
        tools: many(HUGE),
        mcp_servers: many({ name: HUGE }),
      },
    ],
    [
      'background tasks',
      { type: 'system', subtype: 'background_tasks_changed', tasks: many({ task_id: HUGE }) },
    ],
    [
      'task',
      { type: 'system', subtype: 'task_started', task_id: HUGE, description: HUGE, status: HUGE },
    ],
    [
      'tool results',
      {
        type: 'user',
        message: { content: many({ type: 'tool_result', tool_use_id: HUGE, content: HUGE }) },
      },
    ],
    ['text', says(HUGE)],
    [
      'tool call',
      {
        type: 'assistant',
        parent_tool_use_id: HUGE,
        message: {
          id: HUGE,
          model: HUGE,
          content: [
            {
              type: 'tool_use',
              name: HUGE,
              id: HUGE,
              input: Object.fromEntries(
                many(0)
                  .map((_, i) => [`${i}${HUGE.slice(0, 50)}`, many({ old: HUGE.slice(0, 10) })])
                  .slice(0, 50),
              ),
            },
          ],
        },
      },
    ],
    [
      'api failure',
      {
        type: 'assistant',
        error: HUGE,
        api_error_type: HUGE,
        api_error: HUGE,
        message: { content: [{ text: HUGE }] },
      },
    ],
    [
      'question',
      {
        type: 'control_request',
        request_id: HUGE,
        request: {
          subtype: 'can_use_tool',
          tool_name: HUGE,
          tool_use_id: HUGE,
          decision_reason: HUGE,
        },
      },
    ],
    [
      'answer',
      {
        type: 'control_response',
        response: { request_id: HUGE, error: HUGE, response: { session: { model_usage: usage } } },
      },
    ],
    ['unknown', { type: HUGE, subtype: HUGE }],
  ])('is bounded: %s', (_what, value) => {
    const event = line(value);
    expect(bytesOf(event)).toBeLessThan(MAX_EVENT_BYTES);
  });

  it('loses no token of models beyond the limit', () => {
    const total = line({ type: 'result', modelUsage: usage }).usage_total as Record<
      string,
      { input: number }
    >;
    expect(Object.keys(total)).toHaveLength(21);
    expect(total['(other models)']?.input).toBe(480_000);
  });
});

/** The same numbers on every machine and every day (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('fuzzing', () => {
  const random = randomNumbers(20261121);
  const pick = <T>(items: readonly T[]): T | undefined =>
    items[Math.floor(random() * items.length)];
  const ABSURD: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1e308,
    '',
    '\u0000\u001b[2J\ud800',
    'x'.repeat(20_000),
    [],
    {},
    [[[[]]]],
    [null, 1, 'a', {}],
    { type: 'text', text: 5, name: [], id: {}, input: 'no', content: 7 },
    { constructor: 1, toString: null, length: -1 },
  ];

  /** Replaces, removes or adds a value somewhere in the object. */
  function mutate(value: unknown, depth = 0): unknown {
    if (random() < 0.08 * depth) return pick(ABSURD);
    if (Array.isArray(value)) {
      const items = value.slice(0, 30).map((item) => mutate(item, depth + 1));
      return random() < 0.1 ? [...items, pick(ABSURD)] : items;
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(() => random() > 0.03);
    return Object.fromEntries(entries.map(([key, item]) => [key, mutate(item, depth + 1)]));
  }

  /** Damages the bytes themselves. */
  function damage(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    for (let times = 0; times < 4; times += 1) {
      copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
    }
    return random() < 0.3 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
  }

  const originals = captureNames.flatMap((name) =>
    captureLines(name)
      .filter((_, index) => index % 3 === 0)
      .flatMap(({ bytes }) => bytes ?? []),
  );

  function check(bytes: Buffer, progress = emptyProgress()): void {
    const event = normaliseLine(bytes);
    expect(TYPES.has(event.type)).toBe(true);
    const json = JSON.stringify(event);
    if (Buffer.byteLength(json) >= MAX_EVENT_BYTES)
      throw new Error(`too large: ${json.slice(0, 200)}`);
    // What is replayed from the file must be what was folded live.
    expect(JSON.parse(json)).toEqual(event);
    applyEvent(progress, runEvent({ ...event, raw: [0, 1] }));
  }

  it('always gives one bounded event, whatever the values are', () => {
    const progress = emptyProgress();
    for (const bytes of originals) {
      let value: unknown;
      try {
        value = JSON.parse(bytes.toString('utf8'));
      } catch {
        continue;
      }
      for (let times = 0; times < 4; times += 1) {
        check(Buffer.from(JSON.stringify(mutate(value)) ?? 'null'), progress);
      }
    }
    expect(Buffer.byteLength(JSON.stringify(summarise(progress)))).toBeLessThan(16_000);
    expect(JSON.stringify(progress)).not.toContain('null,null');
  });

  it('always gives one bounded event, whatever the bytes are', () => {
    for (const bytes of originals) for (let times = 0; times < 3; times += 1) check(damage(bytes));
  });
});
