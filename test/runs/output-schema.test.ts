import { expect, it } from 'vitest';
import { requireOutputSchema } from '../../src/runs/output-schema.ts';
import { claudeArguments } from '../../src/workers/claude/arguments.ts';

const SCHEMA = { type: 'object', required: ['a'], properties: { a: { type: 'string' } } };

it('takes a schema of an object, and none', () => {
  expect(requireOutputSchema(SCHEMA)).toBe(SCHEMA);
  expect(requireOutputSchema(undefined)).toBeUndefined();
});

it.each([
  ['a list', { type: 'array' }],
  ['nothing in particular', {}],
  ['a type that does not exist', { type: 'object', properties: { a: { type: 'text' } } }],
  [
    'a pattern that cannot be read',
    { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
  ],
  ['too much', { type: 'object', description: 'x'.repeat(20_000) }],
])('refuses %s, and says what to do', (_, schema) => {
  expect(() => requireOutputSchema(schema)).toThrowError(
    expect.objectContaining({ code: 'BAD_INPUT', hint: expect.stringMatching(/./) }),
  );
});

it('reaches the worker as one argument', () => {
  const facts = {
    sessionId: 's',
    resume: false,
    model: 'm',
    allowWrite: false,
    mayAsk: false,
    maxTurns: 1,
    maxUsd: undefined,
    systemPromptFile: '/p',
    readableDirs: [],
    officialLogin: false,
  };
  const args = claudeArguments({ ...facts, outputSchema: SCHEMA });
  expect(args[args.indexOf('--json-schema') + 1]).toBe(JSON.stringify(SCHEMA));
  expect(claudeArguments(facts)).not.toContain('--json-schema');
});
