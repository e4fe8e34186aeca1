import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { roleText } from '../../src/prompts/pack/role-text.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

async function cli(...args: string[]) {
  const { stdout } = await runProgram(process.execPath, [BIN, ...args, '--json'], {
    cwd: lab.project,
    env: lab.env,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const heard = () => JSON.stringify(lab.model.requestsFor('s')[0]?.body);
const quoted = (text: string) => JSON.stringify(text).slice(1, -1);

test('a task made from a template reaches the worker filled in, in the role of the template', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'It is in src/date.ts, line 3.' }] }]);
  const launched = await cli(
    ...['run-agent', '--task', 'Where are dates parsed?', '--template-name', 'investigate'],
  );
  lab.runs.push(String(launched.run_id));
  const { record } = await lab.find(String(launched.run_id));
  expect(record).toMatchObject({
    state: 'succeeded',
    template: 'investigate',
    role: 'research',
    title: 'Where are dates parsed?',
    role_text: { source: 'pack' },
  });
  const { text } = await roleText('/nowhere', 'research');
  expect(heard()).toContain(quoted(text));
  expect(heard()).toContain(quoted('Where are dates parsed?\n\nAnswer in at most ten lines'));
  const { templates } = (await cli('prompt-pack')) as { templates: { name: string }[] };
  expect(templates.find(({ name }) => name === 'investigate')).toMatchObject({
    runs: 1,
    usd: 0.0003,
  });
  expect(templates.find(({ name }) => name === 'bugfix')).not.toHaveProperty('runs');
});

test('the user’s text of a role is what the worker is given; where it is empty that is recorded', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'ok' }, { text: 'ok' }] }]);
  const file = join(lab.host().home.promptPack, 'roles/review.md');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, 'Look at the commas.\n');
  const run = await lab.ended(await lab.launch({ task: 'x', role: 'review' }));
  expect(run.record.role_text).toMatchObject({ source: 'user', digest: expect.any(String) });
  expect(heard()).toContain('Look at the commas.');
  writeFileSync(file, '');
  const bare = await lab.ended(await lab.launch({ task: 'y', role: 'review' }));
  expect(bare.record.role_text).toMatchObject({ source: 'none', reason: expect.any(String) });
  rmSync(file);
});

test('what a template cannot be started with is refused before anything is', async () => {
  lab = await Lab.open([]);
  const start = (...args: string[]) =>
    cli('run-streaming-agent', '--task', 'It crashes', '--template-name', ...args);
  expect(await start('bugfix')).toMatchObject({
    ok: false,
    error: { message: 'Template bugfix is for changing files.', hint: expect.any(String) },
  });
  expect(await start('no-such')).toMatchObject({
    error: { code: 'NOT_FOUND', hint: expect.stringContaining('repo-audit') },
  });
  expect(await start('investigate', '--template-variables', '{"mood":"bad"}')).toMatchObject({
    error: { message: 'Template investigate has no variable mood.' },
  });
  expect(await cli('run-status')).toMatchObject({ runs: [] });
});
