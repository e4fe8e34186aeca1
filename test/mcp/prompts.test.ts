import { expect, test } from 'vitest';
import { connect } from './face.ts';

test('the templates are prompts, with their variables as arguments', async () => {
  const { client } = await connect();
  const { prompts } = await client.listPrompts();
  expect(prompts.find(({ name }) => name === 'bugfix')).toMatchObject({
    description: expect.stringContaining('Fix a bug'),
    arguments: expect.arrayContaining([
      { name: 'task', description: 'The bug', required: true },
      { name: 'check', description: expect.any(String), required: false },
    ]),
  });
  const { messages } = await client.getPrompt({
    name: 'bugfix',
    arguments: { task: 'Dates before 1970 are off.' },
  });
  expect(messages).toMatchObject([
    { role: 'user', content: { type: 'text', text: expect.stringContaining('Dates before 1970') } },
  ]);
});

test('what is missing is told, with what there is', async () => {
  const { client } = await connect();
  await expect(client.getPrompt({ name: 'bugfix' })).rejects.toThrow(/needs task.*check/);
  await expect(client.getPrompt({ name: 'no-such' })).rejects.toThrow(
    /no template no-such.*bugfix/,
  );
});
