import { expect, it } from 'vitest';
import { eventsOf, responses, typesOf, withModel } from './client.ts';

const script = {
  name: 'all',
  steps: [
    {
      thinking: 'hmm',
      text: 'hi',
      tools: [
        { namespace: 'mcp__ctl', name: 'report', input: { a: 1 } },
        { name: 'exec', input: 'text(1)' },
        { name: 'tool_search', input: { query: 'x' } },
      ],
      usage: { input: 7, output: 9, cacheRead: 3, cacheCreation: 1 },
    },
  ],
};

it('streams items and their deltas', () =>
  withModel([script], async (model) => {
    const events = await eventsOf(await responses(model, 'go', { stream: true }));
    const item = (delta: string) => [
      'response.output_item.added',
      `response.${delta}.delta`,
      'response.output_item.done',
    ];
    expect(typesOf(events)).toEqual([
      'response.created',
      ...item('reasoning_summary_text'),
      ...item('output_text'),
      ...item('function_call_arguments'),
      ...item('custom_tool_call_input'),
      'response.output_item.added',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.at(-1)?.response).toMatchObject({
      model: 'gpt-x',
      status: 'completed',
      output: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hmm' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'hi' }] },
        { type: 'function_call', namespace: 'mcp__ctl', name: 'report', arguments: '{"a":1}' },
        { type: 'custom_tool_call', name: 'exec', input: 'text(1)' },
        { type: 'tool_search_call', execution: 'client', arguments: { query: 'x' } },
      ],
      usage: {
        input_tokens: 11,
        input_tokens_details: { cached_tokens: 3, cache_write_tokens: 1 },
        output_tokens: 9,
        total_tokens: 20,
      },
    });
  }));

it('answers without streaming, and says when an answer is incomplete', () =>
  withModel([{ name: 's', steps: [{ text: 'cut', stopReason: 'max_tokens' }] }], async (model) => {
    expect(await (await responses(model, 'go')).json()).toMatchObject({
      object: 'response',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ type: 'message' }],
    });
  }));

const user = (text: string) => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});
const assistant = (text: string, id?: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
  ...(id === undefined ? {} : { id }),
});
const call = (call_id: string) => ({
  type: 'function_call',
  call_id,
  namespace: 'mcp__c',
  name: 'f',
  arguments: '{}',
});
const output = (call_id: string, text: string) => ({
  type: 'function_call_output',
  call_id,
  output: text,
});

it.each([
  ['nothing yet', [user('go')], 0],
  ['a text', [user('go'), assistant('a'), user('more')], 1],
  ['a text and a call of one turn', [user('go'), assistant('a'), call('c1'), output('c1', '')], 1],
  [
    'parallel calls, outputs after',
    [user('go'), call('c1'), call('c2'), output('c1', ''), output('c2', '')],
    1,
  ],
  [
    'parallel calls with our ids, outputs between',
    [
      user('go'),
      ...[call('call_lbabx1_0'), output('call_lbabx1_0', '')],
      ...[call('call_lbabx1_1'), output('call_lbabx1_1', '')],
    ],
    1,
  ],
  [
    'two turns with our ids',
    [
      user('go'),
      ...[call('call_lbabx1_0'), output('call_lbabx1_0', '')],
      ...[assistant('a', 'msg_lbabx2_0'), call('call_lbabx2_1'), output('call_lbabx2_1', '')],
    ],
    2,
  ],
  ['an interrupted call', [user('go'), user('<turn_aborted>…'), user('more')], 1],
  ['an interrupted text', [user('go'), assistant('a'), user('<turn_aborted>…'), user('more')], 1],
  [
    'an interrupted tool',
    [user('go'), call('c1'), output('c1', 'aborted by user'), user('<turn_aborted>…')],
    1,
  ],
  [
    'a call interrupted after a tool',
    [user('go'), call('c1'), output('c1', 'fine'), user('<turn_aborted>…'), user('more')],
    2,
  ],
])('finds the step after %s', (_, input, step) =>
  withModel(
    [{ name: 's', steps: [], after: (made) => ({ text: String(made.step) }) }],
    async (model) => {
      await (await responses(model, input)).text();
      expect(model.requests[0]?.step).toBe(step);
    },
  ),
);

it('shows a step what the tools said and what is on offer', () =>
  withModel(
    [
      {
        name: 's',
        match: 'go',
        steps: [
          { text: 'unused' },
          (made) => ({
            text: JSON.stringify([made.toolResults, made.tools, made.opening, made.latest]),
          }),
        ],
      },
    ],
    async (model) => {
      const input = [
        user('<environment_context>x</environment_context>'),
        user('go'),
        { type: 'additional_tools', tools: [{ type: 'custom', name: 'exec' }] },
        call('c1'),
        output('c1', 'said'),
        user('and then'),
      ];
      const tools = [
        { type: 'function', name: 'exec_command' },
        { type: 'namespace', name: 'mcp__c', tools: [{ name: 'f' }] },
      ];
      const body = (await (await responses(model, input, { tools })).json()) as {
        output: { content: { text: string }[] }[];
      };
      expect(JSON.parse(body.output[0]?.content[0]?.text ?? '')).toEqual([
        [{ id: 'c1', tool: 'mcp__c__f', text: 'said', isError: false }],
        ['exec_command', 'mcp__c__f', 'exec'],
        'go',
        'and then',
      ]);
    },
  ));

it('answers compaction with a summary that keeps the place', () =>
  withModel(
    [{ name: 's', match: 'MARK', steps: [{ text: 'a' }, { text: 'b' }] }],
    async (model) => {
      const turn = { 'x-codex-turn-metadata': '{"request_kind":"compaction"}' };
      const asked = [user('MARK'), assistant('a'), user('summarise')];
      const summary = (await (await responses(model, asked, {}, turn)).json()) as {
        output: { content: { text: string }[] }[];
      };
      const text = summary.output[0]?.content[0]?.text ?? '';
      await (await responses(model, [user(text), user('more')])).text();
      expect(model.requests.map((one) => [one.kind, one.script, one.step])).toEqual([
        ['side', 's', 1],
        ['model', 's', 1],
      ]);
    },
  ));
