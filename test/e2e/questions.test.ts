import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { answerQuestion, openQuestions } from '../../src/runs/questions.ts';
import { waitForRuns } from '../../src/runs/wait.ts';
import { connect, dataOf } from '../mcp/face.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab, rawCoverage } from '../support/lab.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const from = { from: 'test', signal: new AbortController().signal };
const asks = {
  name: 'AskUserQuestion',
  input: {
    questions: [
      {
        question: 'Which database?',
        header: 'DB',
        multiSelect: false,
        options: [
          { label: 'postgres', description: 'p' },
          { label: 'sqlite', description: 's' },
        ],
      },
    ],
  },
};

async function start(steps: Script['steps'], request: object = {}) {
  lab = await Lab.open([{ name: 's', steps }]);
  return lab.launch({ task: 'Go.', ask: true, ...request });
}

const question = (run: FoundRun) =>
  lab.until(
    async () => (await openQuestions(lab.host(), [await lab.find(run.record.run_id)]))[0],
    'a question',
  );
const heard = () => JSON.stringify(lab.model.requestsFor('s').at(-1)?.body);

test("a worker's question waits for the controller, wakes it, and gets its answer", async () => {
  const run = await start([{ tools: [asks] }, { text: 'done' }]);
  const waited = await waitForRuns(lab.host(), {
    runs: [run],
    until: 'any',
    cursor: undefined,
    timeoutMs: PATIENCE_MS,
    signal: from.signal,
  });
  expect(waited.changed[0]).toMatchObject({
    state: 'waiting_answer',
    questions: [
      {
        question: `${run.record.run_id}.1`,
        text: 'Which database?',
        options: [['postgres', 'sqlite']],
      },
    ],
  });
  expect(await answerQuestion(lab.host(), run, 1, { answers: ['sqlite'] }, from)).toEqual({
    answered: true,
  });
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect(heard()).toContain('\\"Which database?\\"=\\"sqlite\\"');
  await expect(
    answerQuestion(lab.host(), await lab.find(run.record.run_id), 1, { answers: ['x'] }, from),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a question outlives the supervisor that asked it', async () => {
  const run = await start([{ tools: [asks] }, { text: 'done' }]);
  await question(run);
  await killProcess(lab.supervisor(run));
  expect(await answerQuestion(lab.host(), run, 1, { answers: ['postgres'] }, from)).toEqual({
    answered: true,
  });
  expect((await lab.ended(run)).record.state).toBe('succeeded');
  expect(heard()).toContain('=\\"postgres\\"');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('a change outside the scope can be allowed or denied; nothing protected is ever asked for', async () => {
  const run = await start(
    [
      { tools: [{ name: 'Write', input: { file_path: 'b/yes.txt', content: 'x' } }] },
      { tools: [{ name: 'Write', input: { file_path: 'b/no.txt', content: 'x' } }] },
      { tools: [{ name: 'Write', input: { file_path: '.git/config', content: 'x' } }] },
      { text: 'done' },
    ],
    { allowWrite: true, scope: { paths: ['a/**'] } },
  );
  const first = await question(run);
  expect(first).toMatchObject({ kind: 'permission' });
  expect(first.text).toContain('b/yes.txt');
  await answerQuestion(lab.host(), run, 1, { allow: true }, from);
  await lab.until(
    async () =>
      (await openQuestions(lab.host(), [run])).find(({ text }) => text.includes('no.txt')),
    'the second',
  );
  await answerQuestion(lab.host(), run, 2, { allow: false, message: 'Keep out of b.' }, from);
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect([existsSync(lab.path('b/yes.txt')), existsSync(lab.path('b/no.txt'))]).toEqual([
    true,
    false,
  ]);
  expect(heard()).toContain('Keep out of b.');
  expect(lab.events(run).filter((event) => event.type === 'cc.question.asked')).toHaveLength(2);
});

test('without an answer the worker is told no in time and goes on', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ tools: [asks] }, { text: 'assumed sqlite' }] }]);
  lab.writePolicy('question_timeout_seconds: 10\n');
  const run = await lab.launch({ task: 'Go.', ask: true });
  await question(run);
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect(heard()).toContain('Nobody answered in time');
});

test('a run that may not ask has no such tool', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'done' }] }]);
  await lab.ended(await lab.launch({ task: 'Go.' }));
  expect(lab.model.requestsFor('s')[0]?.body).not.toMatchObject({
    tools: expect.arrayContaining([expect.objectContaining({ name: 'AskUserQuestion' })]),
  });
});

test('the person at a client that shows forms is asked once, and their answer is passed on', async () => {
  const run = await start([{ tools: [asks] }, { tools: [asks] }, { text: 'done' }]);
  const forms: string[] = [];
  const { call } = await connect({
    host: lab.host(),
    elicit: ({ message, requestedSchema }) => {
      forms.push(message);
      expect(requestedSchema.properties.answer_1).toMatchObject({ enum: ['postgres', 'sqlite'] });
      return forms.length === 1
        ? { action: 'accept', content: { answer_1: 'sqlite' } }
        : { action: 'decline' };
    },
  });
  const waited = dataOf(
    await call('cc_wait_runs', { run_ids: [run.record.run_id], wait_seconds: 30 }),
  );
  // The first was answered on the way; the second, which the person would not answer, comes to us.
  expect(forms).toHaveLength(2);
  expect(waited).toMatchObject({
    changed: [{ questions: [{ question: `${run.record.run_id}.2` }] }],
  });
  const answered = await call('cc_answer_question', {
    question: `${run.record.run_id}.2`,
    answers: ['postgres'],
  });
  expect(dataOf(answered)).toMatchObject({ answered: true });
  expect((await lab.ended(run)).record.state).toBe('succeeded');
  expect(heard()).toMatch(/=\\"sqlite\\".*=\\"postgres\\"/);
});

test('a question survives the server that told it; the command line answers, steers and resumes', async () => {
  const run = await start([
    { tools: [asks] },
    { text: 'first answer' },
    { text: 'second answer' },
    { text: 'third answer' },
  ]);
  const { run_id } = run.record;
  const server = await LabServer.start(lab);
  const told = await server.call('cc_wait_runs', { run_ids: [run_id], wait_seconds: 30 });
  expect(told).toMatchObject({ changed: [{ state: 'waiting_answer' }] });
  server.kill();
  const cli = async (...args: string[]) => {
    const options = { cwd: lab.project, env: lab.env };
    const done = await runProgram(process.execPath, [BIN, ...args, '--json'], options);
    const answer = JSON.parse(done.stdout) as Record<string, unknown>;
    return { ...answer, code: done.exitCode } as Record<string, unknown>;
  };
  const listed = await cli('list-questions');
  expect(listed).toMatchObject({ code: 0, questions: [{ question: `${run_id}.1` }] });
  const later = await cli(
    'send-instruction',
    run_id,
    '--instruction',
    'Then more.',
    '--when',
    'after_turn',
  );
  expect(later).toMatchObject({ code: 0, how: 'running' });
  expect(await cli('answer-question', `${run_id}.1`, '--answers', 'sqlite')).toMatchObject({
    code: 0,
    answered: true,
  });
  const ended = await lab.ended(run);
  expect(readFileSync(ended.paths.stdout, 'utf8')).toBe('second answer');
  const resumed = await cli('send-instruction', run_id, '--instruction', 'And again.');
  expect(resumed).toMatchObject({ code: 0, how: 'continued', continues: run_id });
  lab.runs.push(String(resumed.run_id));
  const next = await lab.ended(await lab.find(String(resumed.run_id)));
  expect(readFileSync(next.paths.stdout, 'utf8')).toBe('third answer');
  expect(await cli('answer-question', `${run_id}.1`, '--answers', 'x')).toMatchObject({ code: 3 });
});
