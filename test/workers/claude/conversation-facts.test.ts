import { describe, expect, it } from 'vitest';
import { isObject, parseJson } from '../../../src/core/json.ts';
import {
  addLine,
  type ConversationFacts,
  emptyFacts,
} from '../../../src/workers/claude/conversation-facts.ts';
import { captureLines, captureNames } from '../../support/captures.ts';

function factsOf(lines: readonly unknown[]): ConversationFacts {
  const facts = emptyFacts();
  for (const [index, line] of lines.entries()) if (isObject(line)) addLine(facts, line, 10 * index);
  return facts;
}

const capture = (name: string) =>
  factsOf(captureLines(name).map((line) => parseJson(String(line.bytes))));

const usage = (input: number, output: number, read = 0, write = 0) => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: read,
  cache_creation_input_tokens: write,
});
const event = (fields: object) => ({ type: 'stream_event', api_message_id: 'm1', event: fields });
const start = event({
  type: 'message_start',
  message: { id: 'm1', model: 'a', usage: usage(5, 1) },
});
const piece = event({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'x' } });
const ended = (stop_reason: string | null, figures: object) =>
  event({ type: 'message_delta', delta: { stop_reason }, usage: figures });
const said = (fields: object = {}) => ({
  type: 'assistant',
  message: { id: 'm1', model: 'a', content: [{ type: 'text' }], usage: usage(5, 1), ...fields },
});

describe('real streams', () => {
  it('counts the pieces of a streamed answer', () => {
    const { answers } = capture('02-partial-text');
    expect(answers).toMatchObject([{ done: true, cut: false, thought: true }]);
    expect(answers[0]?.pieces).toBeGreaterThan(1);
  });

  it('sees a refused answer by schema, and the good one after it', () => {
    const facts = capture('80c-schema-invalid-then-valid');
    const calls = facts.answers.flatMap((answer) => answer.calls);
    expect(calls.map(({ tool, result }) => [tool, result?.ok])).toEqual([
      ['StructuredOutput', false],
      ['StructuredOutput', true],
    ]);
    expect(calls[0]?.result?.text).toContain('does not match');
    expect(facts.structured).toEqual({ name: 'x', count: 3 });
  });

  it('takes what the CLI says about a failure for no answer', () => {
    for (const name of ['21b-401-maxretries1', '26b-500-maxretries2', '20-econnrefused']) {
      expect(capture(name).answers).toEqual([]);
    }
  });

  it('reads every capture', () => {
    for (const name of captureNames) expect(() => capture(name)).not.toThrow();
  });
});

it('takes the larger figure, wherever the service tells it', () => {
  const late = [start, piece, said(), ended('end_turn', usage(900, 44, 50, 7))];
  expect(factsOf(late).answers).toMatchObject([
    { input: 957, cache_read: 50, cache_write: 7, output: 44, done: true, pieces: 1 },
  ]);
  const early = [start, piece, said(), ended('end_turn', { output_tokens: 44 })];
  expect(factsOf(early).answers).toMatchObject([{ input: 5, output: 44 }]);
});

it('tells an answer that came whole from a streamed one, and one that was cut', () => {
  expect(factsOf([said({ stop_reason: 'max_tokens' })]).answers).toMatchObject([
    { pieces: 0, done: true, cut: true },
  ]);
  expect(factsOf([start, piece, said(), ended('max_tokens', {})]).answers).toMatchObject([
    { pieces: 1, cut: true },
  ]);
});

it('counts an answer that broke off as begun only', () => {
  const facts = factsOf([
    { type: 'system', subtype: 'status', status: 'requesting' },
    {},
    start,
    piece,
    ended(null, usage(5, 3)),
  ]);
  expect(facts.answers).toEqual([]);
  expect(facts.first_piece_ms).toBe(20);
  expect([...facts.open.values()]).toMatchObject([{ model: 'a', output: 3, done: false }]);
});

it('survives what no worker would say', () => {
  const odd: unknown[] = [7, 'x', null, [], {}];
  for (const type of ['system', 'stream_event', 'assistant', 'user', 'result']) {
    for (const value of odd) {
      for (const key of ['message', 'event', 'status', 'modelUsage', 'structured_output']) {
        expect(() => factsOf([{ type, [key]: value }])).not.toThrow();
      }
      const blocks = { id: 'm', model: 'a', content: [value], usage: value };
      expect(() => factsOf([{ type, message: blocks }])).not.toThrow();
    }
  }
});
