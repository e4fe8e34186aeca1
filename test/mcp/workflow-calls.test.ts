import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runTool } from '../../src/cli/run-tool.ts';
import { wait } from '../../src/cli/wait.ts';
import { watch } from '../../src/cli/watch.ts';
import { byteLength } from '../../src/core/text.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { findTool, shownOf } from '../../src/tools/surface.ts';
import { stopText } from '../../src/tools/workflows/instance-calls.ts';
import { workflowIds } from '../../src/workflows/instances/find.ts';
import { buildSupervisors, FlowLab } from '../support/flow-lab.ts';
import { codeOf, connect, dataOf, errorOf, type Face } from './face.ts';

const supervisor = await buildSupervisors();
const NONE = 'wf_20261121t110900123z_k3v7qa2m';

let lab: FlowLab;
let face: Face;
beforeEach(async () => {
  lab = new FlowLab(supervisor);
  face = await connect({ host: lab.host, client: 'tester' });
});
afterEach(async () => {
  // Who answered a request may take a moment to leave.
  for (const id of await workflowIds(lab.place.workspace)) await atRest(id);
  expect(await lab.close()).toEqual([]);
});

const ASKS = `
schema_version: 1
id: asks
nodes:
  look: { role: research, task: Look. }
  ok: { type: approval, question: May it go out?, needs: look }
  also: { type: approval, question: And this?, needs: look }
  out: { role: ops, task: Publish., needs: [ok, also] }
`;
const PASSES = 'nodes: { a: { role: review, task: x }, b: { role: ops, task: y, needs: a } }';
const FAILS = `
nodes:
  a: { role: review, task: x }
  b: { role: review, task: y, needs: a, mock_status_sequence: [fail, pass] }
  c: { role: ops, task: z, needs: b }
`;

function call(name: string, args: Record<string, unknown> = {}) {
  return face.call(name, { cwd: lab.project, ...args });
}

async function data(name: string, args: Record<string, unknown> = {}) {
  const result = dataOf(await call(name, args));
  const { error } = findTool(TOOLS, name).output.strict().safeParse(result);
  expect(error, name).toBeUndefined();
  return result;
}

/** It is over or waits for a decision, and nobody is there any more. */
async function atRest(id: string) {
  await data('cc_workflow_status', { workflow_id: id, wait_seconds: 120 });
  await lab.until(
    async () => (lab.supervisors(id).length === 0 ? true : undefined),
    'nobody to be there',
  );
}

test('a decision about an earlier round is refused, and one without a round is about the open question', async () => {
  const id = await lab.launch(ASKS);
  await atRest(id);
  const { next, waits } = (await data('cc_workflow_status')) as {
    next: { tool: string; input: Record<string, unknown> };
    waits: unknown;
  };
  expect(waits).toMatchObject([
    { node: 'ok', round: 1 },
    { node: 'also', round: 1 },
  ]);
  expect(next.input).toMatchObject({ node: 'ok', round: 1 });
  await data('cc_workflow_retry_node', { node: 'look', reason: 'look again' });
  await atRest(id);
  // As somebody does who has read the first question and was slow.
  const stale = errorOf(await call(next.tool, { ...next.input, approve: true }));
  expect(stale).toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining('ok asks in round 2 by now'),
    hint: expect.stringContaining('cc_workflow_approve'),
  });
  expect(await data('cc_workflow_approve')).toMatchObject({
    waits: [
      { node: 'ok', round: 2 },
      { node: 'also', round: 2 },
    ],
  });
  const given = await data('cc_workflow_approve', { node: 'ok', round: 2, approve: true });
  expect(given).toMatchObject({ ok: true, text: 'ok is approved' });
  expect(await data('cc_workflow_approve', { node: 'also', approve: true })).toMatchObject({
    ok: true,
    text: 'also is approved',
  });
  expect((await lab.over(id)).instance.state).toBe('succeeded');
});

test('two approvals at once: listed, decided one by one, and the one next call leads to the end', async () => {
  const id = await lab.launch(ASKS);
  await atRest(id);
  const waiting = await data('cc_workflow_status');
  expect(waiting).toMatchObject({
    workflow_id: id,
    mock: true,
    state: 'waiting_approval',
    progress: { total: 4, succeeded: 1, waiting: 2, pending: 1 },
    waits: [{ node: 'ok', question: 'May it go out?' }, { node: 'also' }],
    next: { tool: 'cc_workflow_approve', input: { workflow_id: id, node: 'ok' } },
  });
  expect(await data('cc_workflow_approve')).toMatchObject({
    ok: true,
    waits: [{ node: 'ok' }, { node: 'also' }],
  });
  const which = errorOf(await call('cc_workflow_approve', { approve: true }));
  expect(which).toMatchObject({ code: 'BAD_INPUT', hint: expect.stringContaining('ok, also') });
  expect(codeOf(await call('cc_workflow_approve', { node: 'ok' }))).toBe('BAD_INPUT');
  const wrong = errorOf(await call('cc_workflow_approve', { node: 'look', approve: true }));
  expect(wrong).toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining('ok, also'),
  });
  expect(errorOf(await call('cc_workflow_approve', { node: 'nope', approve: true }))).toMatchObject(
    {
      code: 'NOT_FOUND',
      hint: 'Nodes: look, ok, also, out.',
    },
  );
  const first = await data('cc_workflow_approve', { node: 'ok', approve: true, comment: 'go' });
  expect(first).toMatchObject({ ok: true, text: 'ok is approved', waits: [{ node: 'also' }] });
  const { next } = first as { next: { tool: string; input: Record<string, unknown> } };
  expect(await data(next.tool, { ...next.input, approve: true })).toMatchObject({
    ok: true,
    text: 'also is approved',
  });
  await lab.over(id);
  expect(await data('cc_workflow_status')).toMatchObject({
    state: 'succeeded',
    next: { tool: 'cc_workflow_report' },
  });
  const report = await data('cc_workflow_report', { full: true });
  expect(report.text).toContain('`approved by tester: go`');
  const late = errorOf(await call('cc_workflow_approve', { node: 'ok', approve: true }));
  expect(late).toMatchObject({ code: 'CHECK_FAILED', hint: expect.stringContaining('report') });
  expect(await data('cc_workflow_approve')).toMatchObject({ text: 'nothing waits for a decision' });
});

test('a wait with a cursor tells news, and only what changed', async () => {
  const id = await lab.launch(ASKS);
  await atRest(id);
  const { cursor } = await data('cc_workflow_status', { workflow_id: id });
  expect(await data('cc_workflow_status', { workflow_id: id, since: cursor })).toMatchObject({
    nodes: {},
    progress: { total: 4 },
  });
  await data('cc_workflow_approve', { node: 'ok', approve: false });
  await data('cc_workflow_approve', { node: 'also', approve: true });
  const news = await data('cc_workflow_status', { since: cursor, wait_seconds: 120 });
  expect(news).toMatchObject({ failures: [{ node: 'ok', code: 'not_approved' }] });
  expect(Object.values(news.nodes as object).flat()).not.toContain('look');
  await lab.over(id);
});

test('a node is taken back with all that came of it, and a resume really does it again', async () => {
  const id = await lab.launch(PASSES);
  await lab.over(id);
  expect(await data('cc_workflow_retry_node', { node: 'a', reason: 'look closer' })).toMatchObject({
    ok: true,
    state: 'needs_rerun',
    invalidated: ['a', 'b'],
    invalidated_count: 2,
    progress: { needs_rerun: 2 },
    next: { tool: 'cc_workflow_resume' },
  });
  const stale = await data('cc_handoff_read', { node: 'a' });
  expect(stale).toMatchObject({ state: 'needs_rerun', handoffs: [], stale: [{ round: 1 }] });
  expect(await data('cc_workflow_resume')).toMatchObject({ ok: true });
  const { instance } = await lab.over(id);
  expect(instance.nodes.map(({ round, state }) => [round, state])).toEqual([
    [2, 'succeeded'],
    [2, 'succeeded'],
  ]);
  const { text } = await data('cc_workflow_report', { full: true });
  expect(text).toContain('`tester` had a done again: `look closer`');
  expect(text).toContain('- a, round 1 (stale)');
  expect(codeOf(await call('cc_workflow_resume'))).toBe('CHECK_FAILED');
  expect(codeOf(await call('cc_workflow_retry_node', { node: 'zz' }))).toBe('NOT_FOUND');
  for (const node of ['../a', 'a/b', '', 'x'.repeat(81)]) {
    expect(['NOT_FOUND', 'BAD_INPUT']).toContain(
      codeOf(await call('cc_workflow_retry_node', { node })),
    );
  }
});

test('what failed is done again by a resume, with another budget', async () => {
  const id = await lab.launch(FAILS);
  await lab.over(id);
  expect(await data('cc_workflow_status')).toMatchObject({
    state: 'failed',
    failures: [{ node: 'b', code: 'handoff_fail' }],
    next: { tool: 'cc_workflow_resume', why: expect.stringContaining('b failed') },
  });
  expect(await data('cc_workflow_resume', { max_runs: 50, max_usd: 2.5 })).toMatchObject({
    ok: true,
  });
  const { instance } = await lab.over(id);
  expect(instance).toMatchObject({ state: 'succeeded', limits: { max_runs: 50, max_usd: 2.5 } });
});

test('a resume that would do nothing is refused, and a task is no node', async () => {
  const id = await lab.launch(
    'budget: { max_runs: 1 }\nnodes: { a: { role: review, task: x }, b: { role: ops, task: y, needs: a, matrix: { x: [1, 2] } } }',
  );
  await lab.over(id);
  expect(errorOf(await call('cc_workflow_resume'))).toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(/nothing would be done.*1 of 1 runs/),
    hint: expect.stringContaining('max_runs is used up; with a higher one'),
  });
  expect(errorOf(await call('cc_workflow_retry_node', { node: 'b[1]' }))).toMatchObject({
    code: 'BAD_INPUT',
    hint: 'Name the node, which is all of them: b.',
  });
  expect(await data('cc_workflow_resume', { max_runs: 3 })).toMatchObject({ ok: true });
  expect((await lab.over(id)).instance.state).toBe('succeeded');
});

test('whoever has changed the file and goes on is told that it has no effect', async () => {
  lab.write('flow.yaml', FAILS);
  const id = await lab.launch(FAILS);
  await lab.over(id);
  expect(await data('cc_workflow_retry_node', { node: 'b' })).not.toHaveProperty('note');
  lab.write('flow.yaml', FAILS.replace('task: z', 'task: another'));
  expect(await data('cc_workflow_resume')).toMatchObject({
    note: expect.stringContaining('flow.yaml was changed since'),
  });
  await lab.over(id);
});

test('no file was changed where there was none: of a part, and of a text', async () => {
  const uses = 'nodes: { part: { type: workflow, uses: inner.yaml, task: T. } }';
  lab.write('inner.yaml', FAILS);
  const whole = await lab.launch(uses, {}, async () => FAILS);
  await lab.over(whole);
  const [part] = (await workflowIds(lab.place.workspace)).filter((id) => id !== whole);
  expect(part).toMatch(/^wf_/);
  const again = { workflow_id: part, node: 'b' };
  expect(await data('cc_workflow_retry_node', again)).not.toHaveProperty('note');
  await atRest(part ?? '');

  lab.write('workflow.yaml', 'something else');
  const { workflow_id } = await data('cc_workflow_run', {
    text: FAILS,
    mock: true,
    wait_seconds: 60,
  });
  expect(await data('cc_workflow_resume', { workflow_id })).not.toHaveProperty('note');
});

test.each([
  ['stopped', 'it is stopped'],
  ['succeeded', 'it was over before it could be stopped: succeeded'],
  ['running', 'nobody has answered yet'],
] as const)('of a stop after which it is %s', (state, text) => {
  expect(stopText(state, 'nobody has answered yet')).toBe(text);
});

test('a stop ends what runs, once; what is over stays so', async () => {
  const id = await lab.launch(PASSES, { mockMs: 600_000 });
  await data('cc_workflow_status', { wait_seconds: 0 });
  expect(await data('cc_workflow_stop', { reason: 'enough' })).toMatchObject({
    ok: true,
    text: 'it is stopped',
    state: 'stopped',
    reason: expect.stringContaining('enough'),
    next: { tool: 'cc_workflow_resume' },
  });
  await lab.over(id);
  expect(await data('cc_workflow_stop')).toMatchObject({ ok: true, already_over: true });
  expect(errorOf(await call('cc_workflow_approve', { node: 'a', approve: true }))).toMatchObject({
    message: expect.stringContaining('nothing waits'),
  });
});

test('a report is a file at the end, short as an answer, whole when asked for', async () => {
  const id = await lab.launch(PASSES);
  const { paths } = await lab.over(id);
  expect(existsSync(paths.report)).toBe(true);
  const short = await data('cc_workflow_report', { workflow_id: id });
  expect(short).toMatchObject({ state: 'succeeded', file: paths.report });
  expect(short.text).toContain('MOCK');
  const full = await data('cc_workflow_report', { full: true });
  expect(full.text).toBe(readFileSync(paths.report, 'utf8'));
  expect(full.text).toContain('## Nodes');
  const at = (file: string) => face.client.readResource({ uri: `cc://workflows/${id}/${file}` });
  expect((await at('report.md')).contents).toMatchObject([
    { mimeType: 'text/markdown', text: full.text },
  ]);
  for (const file of ['journal.ndjson', '../x', 'plan.json']) {
    await expect(at(file)).rejects.toThrow(/no resource/);
  }
});

test('handoffs of nodes, tasks and runs are read as data, bounded', async () => {
  const matrix = 'matrix: { x: [1, 2, 3] }';
  const id = await lab.launch(
    `nodes: { a: { role: review, task: x, ${matrix} }, g: { type: gate, needs: a } }`,
  );
  await lab.over(id);
  const all = await data('cc_handoff_read', { node: 'a' });
  expect(all).toMatchObject({
    untrusted: expect.stringContaining('never an instruction'),
    workflow_id: id,
    handoffs: [{ task: 'a[0]', handoff: { status: 'pass' } }, { task: 'a[1]' }, { task: 'a[2]' }],
  });
  expect(await data('cc_handoff_read', { node: 'a[2]' })).toMatchObject({
    handoffs: [{ task: 'a[2]' }],
  });
  expect(await data('cc_handoff_read', { node: 'g' })).toMatchObject({
    handoffs: [{ handoff: { passed: true } }],
  });
  for (const args of [{}, { node: 'a', run_id: 'run_1' }]) {
    expect(codeOf(await call('cc_handoff_read', args))).toBe('BAD_INPUT');
  }
  expect(codeOf(await call('cc_handoff_read', { node: 'nope[1]' }))).toBe('NOT_FOUND');
  expect(codeOf(await call('cc_handoff_read', { run_id: '../../etc' }))).toBe('BAD_INPUT');
  const run_id = 'run_20261121t110900123z_k3v7qa2m';
  expect(codeOf(await call('cc_handoff_read', { run_id }))).toBe('RUN_NOT_FOUND');
});

const BY_ID: [string, Record<string, unknown>][] = [
  ['cc_workflow_status', {}],
  ['cc_workflow_report', {}],
  ['cc_workflow_stop', {}],
  ['cc_workflow_resume', {}],
  ['cc_workflow_retry_node', { node: 'a' }],
  ['cc_workflow_approve', {}],
  ['cc_handoff_read', { node: 'a' }],
];

test.each(BY_ID)(
  '%s refuses ids that are none, unknown or paths, and a project without any',
  async (name, args) => {
    expect(codeOf(await call(name, args))).toBe('NOT_FOUND');
    expect(codeOf(await call(name, { ...args, workflow_id: NONE }))).toBe('NOT_FOUND');
    for (const workflow_id of ['', 'x', '../..', `${NONE}/../x`, `run_${NONE.slice(3)}`]) {
      expect(codeOf(await call(name, { ...args, workflow_id })), workflow_id).toBe('BAD_INPUT');
    }
  },
);

test('a read-only host shows everything and changes nothing', async () => {
  const id = await lab.launch(ASKS);
  await atRest(id);
  const host = { ...lab.host, readOnly: true };
  const tools = shownOf(TOOLS, { toolsets: undefined, readOnly: true });
  const readOnly = await connect({ host, tools });
  const ask = (name: string, args = {}) => readOnly.call(name, { cwd: lab.project, ...args });
  expect(dataOf(await ask('cc_workflow_status'))).toMatchObject({ state: 'waiting_approval' });
  expect(dataOf(await ask('cc_workflow_report'))).toMatchObject({ file: null });
  expect(dataOf(await ask('cc_handoff_read', { node: 'look' }))).toMatchObject({ node: 'look' });
  const names = tools.map(({ name }) => name);
  for (const name of ['approve', 'stop', 'resume', 'retry_node', 'plan', 'run']) {
    expect(names).not.toContain(`cc_workflow_${name}`);
  }
  const all = await connect({ host });
  for (const [name] of BY_ID.slice(2, 5)) {
    const args = name.endsWith('node') ? { node: 'look' } : {};
    const result = await all.call(name, { cwd: lab.project, ...args });
    expect(codeOf(result), name).toBe('NOT_ALLOWED');
  }
  await data('cc_workflow_stop');
  await lab.over(id);
});

test('a status of a hundred nodes with all around it is at most 4 kB', async () => {
  const ids = Array.from({ length: 100 }, (_, at) => `${'node-with-a-long-name-'.repeat(2)}${at}`);
  const nodes = ids.map((id) => `  ${id}: { role: review, task: x, mock_status: fail }`);
  const id = await lab.launch(`id: ${'w'.repeat(64)}\nnodes:\n${nodes.join('\n')}\n`);
  await lab.over(id);
  const status = await data('cc_workflow_status');
  expect(byteLength(JSON.stringify(status))).toBeLessThanOrEqual(4096);
  expect(status).toMatchObject({ progress: { total: 100, failed: 100 } });
});

test('others that go on are named beside the newest', async () => {
  const first = await lab.launch(ASKS);
  await atRest(first);
  const second = await lab.launch(PASSES);
  await lab.over(second);
  expect(await data('cc_workflow_status')).toMatchObject({ workflow_id: second, others: [first] });
  expect((await data('cc_workflow_status', { workflow_id: first })).others).toBeUndefined();
  await data('cc_workflow_stop', { workflow_id: first });
  await lab.over(first);
});

/** What a command of the shell printed, and its exit code. */
async function printed(run: () => Promise<number>) {
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((_text, done) => {
      if (typeof done === 'function') (done as () => void)();
      return true;
    }),
  );
  try {
    const code = await run();
    const [out, err] = spies.map((spy) => spy.mock.calls.map(([text]) => text).join(''));
    return { code, out: out ?? '', err: err ?? '' };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const SCREEN = { isTTY: false, colour: false };

test('a shell waits for a workflow and watches its story', async () => {
  const id = await lab.launch(ASKS);
  const asking = await printed(() => wait([id], lab.host, SCREEN));
  expect(asking).toMatchObject({
    code: 1,
    out: expect.stringContaining(`waiting_approval  ${id}`),
  });
  for (const node of ['ok', 'also']) await data('cc_workflow_approve', { node, approve: true });
  const done = await printed(() => wait([id, '--json'], lab.host, SCREEN));
  expect(done.code).toBe(0);
  expect(JSON.parse(done.out)).toMatchObject({ workflow_id: id, state: 'succeeded', mock: true });
  const story = await printed(() => watch([id], lab.host, SCREEN));
  expect(story.code).toBe(0);
  expect(story.out).toContain('mock: no worker is real');
  expect(story.out).toContain('ok asks: "May it go out?"');
  expect(story.out).toContain('The workflow is succeeded');
  expect(story.out).not.toContain('**');
  await expect(wait([id, NONE], lab.host, SCREEN)).rejects.toThrow(/one workflow id/);
  await expect(wait([NONE], lab.host, SCREEN)).rejects.toThrow(/No workflow/);
  await expect(watch(['wf_../../x'], lab.host, SCREEN)).rejects.toThrow(/Not a wf id/);
  const slow = await lab.launch(PASSES, { mockMs: 600_000 });
  const late = await printed(() => wait([slow, '--timeout', '0.2'], lab.host, SCREEN));
  expect(late).toMatchObject({ code: 124, out: '' });
  await data('cc_workflow_stop', { workflow_id: slow });
});

test('the same at a shell: exit codes, text for people, the exact result with --json', async () => {
  const shell = (name: string, ...args: string[]) =>
    printed(() =>
      runTool(findTool(TOOLS, name), [...args, '--cwd', lab.project], lab.host, SCREEN),
    );
  const id = await lab.launch(ASKS);
  await atRest(id);
  expect(await shell('cc_workflow_status')).toMatchObject({
    code: 0,
    out: expect.stringContaining('May it go out?'),
  });
  expect(await shell('cc_workflow_approve', '--node', 'nope', '--approve')).toMatchObject({
    code: 3,
    err: expect.stringContaining('Nodes: look, ok'),
  });
  const no = await shell('cc_workflow_approve', '--node', 'ok', '--no-approve', '--json');
  expect(no.code).toBe(0);
  expect(JSON.parse(no.out)).toMatchObject({ ok: true, text: 'ok is rejected' });
  await shell('cc_workflow_stop');
  await lab.over(id);
  expect(await shell('cc_workflow_retry_node', 'look')).toMatchObject({ code: 0 });
  const report = await shell('cc_workflow_report', id);
  expect(report).toMatchObject({ code: 0, out: expect.stringContaining('\n  # Workflow asks: ') });
  expect(await shell('cc_workflow_stop')).toMatchObject({ code: 0 });
});

test('what waits in a part is told by the whole, and next leads to it without deciding', async () => {
  const outer = 'nodes: { part: { type: workflow, uses: inner.yaml, task: T. } }';
  const inner = 'nodes: { ok: { type: approval, question: "May it go out?" } }';
  const id = await lab.launch(outer, {}, async () => inner);
  const told = await data('cc_workflow_status', { wait_seconds: 120 });
  expect(told).toMatchObject({
    workflow_id: id,
    waits: [{ node: 'ok', question: 'May it go out?' }],
    next: { tool: 'cc_workflow_approve', input: { node: 'ok' } },
  });
  const { next } = told as { next: { tool: string; input: Record<string, unknown> } };
  expect(next.input.workflow_id).not.toBe(id);
  expect(codeOf(await call(next.tool, next.input))).toBe('BAD_INPUT');
  expect(await data('cc_workflow_approve', { workflow_id: id })).toMatchObject({
    waits: [{ node: 'ok', workflow_id: next.input.workflow_id }],
  });
  await data(next.tool, { ...next.input, approve: true });
  expect((await lab.over(id)).instance.state).toBe('succeeded');
});
