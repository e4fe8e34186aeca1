import { afterEach, expect, test } from 'vitest';
import type { ModelCall, Script, Step } from '../../src/loopback/index.ts';
import { claudeController, codexExec } from '../support/controllers.ts';
import { CLAUDE, Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const WORKER: Script = {
  name: 'worker',
  match: 'WORKER-TASK',
  api: 'messages',
  steps: [{ text: 'The project says: a scratch project.' }],
};

const RUN_ID = /run_\d{8}t\d{9}z_[a-z2-7]{8}/;

/** What the controller's model read last, and the run id in anything it has read so far. */
function seen(call: ModelCall): { last: string; runId: string; cursor: string } {
  const texts = call.toolResults.map((result) => result.text);
  const all = texts.join('\n');
  const cursors = [...all.matchAll(/"cursor":\s*"([^"]*)"/g)];
  return {
    last: texts.at(-1) ?? '',
    runId: RUN_ID.exec(all)?.[0] ?? 'none',
    cursor: cursors.at(-1)?.[1] ?? '',
  };
}

/** pick → run → wait → poll → last_run, each call made from what the call before returned. */
function controllerSteps(namespace: string): ((call: ModelCall) => Step)[] {
  const use = (name: string, input: Record<string, unknown>): Step => ({
    tools: [{ namespace, name, input }],
  });
  return [
    () => use('cc_pick_profile', { role: 'review' }),
    () => use('cc_run_streaming_agent', { task: 'WORKER-TASK: what does the project say?' }),
    (call) => use('cc_wait_runs', { run_ids: [seen(call).runId], until: 'all' }),
    (call) => use('cc_poll_run', { run_id: seen(call).runId }),
    () => use('cc_last_run', {}),
    (call) => ({
      text: `DONE ${seen(call).last.includes('a scratch project') ? 'with answer' : 'without'}`,
    }),
  ];
}

test('real codex exec picks, runs, waits, polls and reads the result', async () => {
  lab = await Lab.open([WORKER]);
  lab.model.addScript({
    name: 'codex',
    match: 'DELEGATE',
    api: 'responses',
    steps: controllerSteps('mcp__cc_orchestrator'),
  });
  const { exitCode, stdout, stderr } = await codexExec(lab, 'DELEGATE this');
  expect(stderr + stdout).not.toContain('requires approval');
  expect(exitCode).toBe(0);
  const calls = lab.model.requestsFor('codex');
  expect(calls).toHaveLength(6);
  const results = toolOutputs(calls.at(-1)?.body);
  expect(results).toHaveLength(5);
  expect(results[0]).toContain('"profile":"env:lab"');
  expect(results[1]).toMatch(RUN_ID);
  expect(results[2]).toContain('"reason":"all_ended"');
  expect(results[3]).toContain('"state":"succeeded"');
  expect(results[4]).toContain('"last_of":"thread"');
  expect(results[4]).toContain('The project says: a scratch project.');
  // Everything the controller was made to read for one delegated task.
  expect(Buffer.byteLength(results.join(''))).toBeLessThan(6000);
  expect(stdout).toContain('DONE with answer');
  lab.runs.push(RUN_ID.exec(results.join(''))?.[0] ?? '');
});

test('codex exec refuses to start a worker until the user has approved the tool', async () => {
  lab = await Lab.open([WORKER]);
  lab.model.addScript({
    name: 'codex',
    match: 'DELEGATE',
    api: 'responses',
    steps: [
      {
        tools: [
          {
            namespace: 'mcp__cc_orchestrator',
            name: 'cc_run_agent',
            input: { task: 'WORKER-TASK' },
          },
        ],
      },
      { text: 'refused' },
    ],
  });
  await codexExec(lab, 'DELEGATE this', { approve: false });
  const [output] = toolOutputs(lab.model.requestsFor('codex').at(-1)?.body);
  expect(output).toContain('requires approval');
  expect(lab.model.requestsFor('worker')).toHaveLength(0);
});

test('the server works under real Claude Code as controller', async () => {
  lab = await Lab.open([WORKER]);
  lab.model.addScript({
    name: 'claude',
    match: 'DELEGATE',
    api: 'messages',
    steps: controllerSteps('mcp__cc'),
  });
  const { exitCode, stdout } = await claudeController(lab, 'DELEGATE this', CLAUDE);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('DONE with answer');
  const calls = lab.model.requestsFor('claude');
  expect(calls).toHaveLength(6);
  lab.runs.push(RUN_ID.exec(JSON.stringify(calls.at(-1)?.body))?.[0] ?? '');
});

/** The texts of tool outputs in a Responses API request, in order. */
function toolOutputs(body: unknown): string[] {
  const input = (body as { input?: unknown[] } | undefined)?.input ?? [];
  return input.flatMap((item) => {
    const { type, output } = item as { type?: string; output?: unknown };
    return type === 'function_call_output'
      ? [typeof output === 'string' ? output : textOf(output)]
      : [];
  });
}

function textOf(output: unknown): string {
  if (!Array.isArray(output)) return JSON.stringify(output);
  return output.map((part: { text?: string }) => part.text ?? '').join('');
}
