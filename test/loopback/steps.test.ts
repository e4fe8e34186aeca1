import { describe, expect, it } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import { messages, type Turn, textOf, withModel } from './client.ts';

const user = (text: string): Turn => ({ role: 'user', content: [{ type: 'text', text }] });
const assistant = (text: string): Turn => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
});
const INTERRUPTED = '[Request interrupted by user]';

describe('step', () => {
  const counting: Script = { name: 's', steps: [], after: (call) => ({ text: `${call.step}` }) };

  it.each<[string, Turn[], string]>([
    ['nothing yet', [user('go')], '0'],
    ['one answer', [user('go'), assistant('a'), user('b')], '1'],
    ['an answer in two messages', [user('go'), assistant('a'), assistant('b'), user('c')], '1'],
    ['a call interrupted in a stall', [user('go'), user(INTERRUPTED), user('b')], '1'],
    ['an interrupted text', [user('go'), assistant('a'), user(INTERRUPTED), user('b')], '1'],
    [
      'an interrupted tool',
      [user('go'), assistant('a'), user(`${INTERRUPTED.slice(0, -1)} for tool use]`), user('b')],
      '1',
    ],
    ['filler of a resume', [user('go'), assistant('No response requested.'), user('b')], '0'],
    ['guidance in between', [user('go'), { role: 'system', content: 'x' }, assistant('a')], '1'],
  ])('counts %s', (_, turns, step) =>
    withModel([counting], async (model) => {
      expect(await textOf(await messages(model, turns))).toBe(step);
    }),
  );

  it('is the same for the same request, however often it is sent', () =>
    withModel([{ name: 's', steps: [{ text: 'a' }, { text: 'b' }] }], async (model) => {
      for (const attempt of [1, 2, 3]) {
        expect(await textOf(await messages(model, 'go'))).toBe('a');
        expect(model.requests.at(-1)).toMatchObject({ step: 0, attempt });
      }
    }));

  it('past the end is answered by `after`', () =>
    withModel([{ name: 's', steps: [{ text: 'a' }] }], async (model) => {
      const later = [user('go'), assistant('a'), user('more')];
      expect(await textOf(await messages(model, later))).toBe('Done.');
    }));
});

describe('script', () => {
  const say = (name: string, match?: string | RegExp): Script => ({
    name,
    ...(match === undefined ? {} : { match }),
    steps: [],
    after: { text: name },
  });

  it('is the first that matches the opening, then the default', () =>
    withModel([say('other'), say('one', 'MARK-1'), say('two', /mark-\d/i)], async (model) => {
      const asked = async (turns: string | Turn[]) => textOf(await messages(model, turns));
      expect(await asked('do MARK-1')).toBe('one');
      expect(await asked('do MARK-2')).toBe('two');
      expect(await asked('do something')).toBe('other');
      const later = [user('do MARK-2'), assistant('a'), user('MARK-1')];
      expect(await asked(later)).toBe('two');
    }));

  it('does not match what only a reminder of the client says', () =>
    withModel([say('one', 'MARK-1'), say('other')], async (model) => {
      const reminder = user('<system-reminder>\nMARK-1\n</system-reminder>\n');
      expect(await textOf(await messages(model, [reminder, user('go')]))).toBe('other');
    }));

  it('may be limited to one API, and added later', () =>
    withModel([{ ...say('codex'), api: 'responses' }], async (model) => {
      const refused = await messages(model, 'go');
      expect(refused.status).toBe(400);
      expect(model.requests[0]).toMatchObject({ script: undefined, state: 'complete' });
      model.addScript(say('claude'));
      expect(await textOf(await messages(model, 'go'))).toBe('claude');
    }));

  it('is refused when its name is taken or unusable', () =>
    withModel([say('one')], async (model) => {
      expect(() => model.addScript(say('one'))).toThrow(/there already/);
      expect(() => model.addScript(say('a b'))).toThrow(/unusable/);
    }));

  it('goes on after its conversation was compacted', () =>
    withModel([say('other', 'go'), { ...say('one', 'MARK'), steps: [] }], async (model) => {
      const prompt = 'Your task is to create a detailed summary of the conversation so far';
      const turns = [user('MARK go'), assistant('a'), user('b'), assistant('c'), user(prompt)];
      const summary = await textOf(await messages(model, turns));
      await messages(model, [user(`Continued.\n${summary}`), user('next')]);
      await messages(model, [user(`Continued.\n${summary}`), assistant('d'), user('next')]);
      expect(model.requests.map((one) => [one.side, one.script, one.step])).toEqual([
        ['compaction', 'other', 2],
        [undefined, 'other', 2],
        [undefined, 'other', 3],
      ]);
    }));
});

describe('a step that is a function', () => {
  it('sees the call', () =>
    withModel(
      [
        {
          name: 's',
          steps: [
            { text: 'unused' },
            async (call) => ({
              text: JSON.stringify({
                results: call.toolResults,
                tools: call.tools,
                system: call.system,
                latest: call.latest,
              }),
            }),
          ],
        },
      ],
      async (model) => {
        const turns = [
          user('go'),
          { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'Read', input: {} }] },
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 't1',
                is_error: true,
                content: [{ type: 'text', text: 'no file' }],
              },
            ],
          },
        ];
        const extra = { system: 'be good', tools: [{ name: 'Read' }] };
        expect(JSON.parse(await textOf(await messages(model, turns, extra)))).toEqual({
          results: [{ id: 't1', tool: 'Read', text: 'no file', isError: true }],
          tools: ['Read'],
          system: 'be good',
          latest: 'go',
        });
      },
    ));

  it('that throws is a refusal that says so', () =>
    withModel(
      [
        {
          name: 's',
          steps: [
            () => {
              throw new Error('no such luck');
            },
          ],
        },
      ],
      async (model) => {
        const response = await messages(model, 'go');
        expect(response.status).toBe(400);
        expect(JSON.stringify(await response.json())).toContain('no such luck');
      },
    ));
});
