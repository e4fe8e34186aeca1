import { afterEach, expect, test } from 'vitest';
import { isAlive } from '../../src/proc/identity.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { topLease } from '../../src/store/lease.ts';
import { askWorkflow } from '../../src/workflows/instances/ask.ts';
import { ensureWorkflowSupervised } from '../../src/workflows/instances/ensure.ts';
import { findWorkflow } from '../../src/workflows/instances/find.ts';
import { readJournal } from '../../src/workflows/instances/journal.ts';
import { launchWorkflow } from '../../src/workflows/instances/launch.ts';
import { readWorkflow, type WorkflowNow } from '../../src/workflows/instances/read.ts';
import { WORKFLOW_COOKIE } from '../../src/workflows/instances/start-supervisor.ts';
import { loadWorkflow } from '../../src/workflows/load.ts';
import { isOver } from '../../src/workflows/vocabulary.ts';
import { runPaths } from '../../src/workspace/layout.ts';
import { Lab } from '../support/lab.ts';
import { cast, handOver, type Persona, runs, writes } from '../support/workflows/actor.ts';

let lab: Lab;
let id = '';
afterEach(async () => {
  expect(findByCookie(WORKFLOW_COOKIE, id)).toEqual([]);
  expect(await lab.close()).toEqual([]);
});

async function launch(
  text: string,
  personas: Readonly<Record<string, Persona>>,
  policy?: string,
  prepare: () => void = () => undefined,
): Promise<void> {
  lab = await Lab.open([]);
  prepare();
  if (policy !== undefined) lab.writePolicy(policy);
  const { plan, problems } = await loadWorkflow('flow.yaml', text);
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  for (const script of cast(plan, personas)) lab.model.addScript(script);
  const request = { plan, sources: [text], task: 'the task', mock: false };
  ({
    record: { workflow_id: id },
  } = await launchWorkflow(lab.host(), lab.place(), request));
}

const now = () => readWorkflow(lab.place().workspace, id);

async function over(): Promise<WorkflowNow> {
  const look = async () => {
    const found = await now();
    await ensureWorkflowSupervised(lab.host(), found);
    for (const { attempts, tasks } of found.instance.nodes) {
      const runs = [...attempts.map(({ run_id }) => run_id), ...tasks.map((t) => t.result?.run_id)];
      for (const run of runs) if (run && !lab.runs.includes(run)) lab.runs.push(run);
    }
    const isDone = isOver(found.instance.state) && found.record.end !== undefined;
    return isDone && findByCookie(WORKFLOW_COOKIE, id).length === 0 ? found : undefined;
  };
  return lab.until(look, 'the workflow to be over', 100_000);
}

const WRITER = `
schema_version: 1
id: w
nodes:
  make:
    role: implementation
    task: Write hello.
    allow_write: true
    write_scope: { allow: [out.txt] }
    ISOLATION
    verify: { test_commands: ["grep -q hello out.txt"] }
  look: { role: review, task: Read it., needs: make }
  good: { type: gate, needs: [make, look], pass_when: [make.tests.failed == 0, look.blocking_count == 0] }
`;

test.each(['shared', 'worktree'])(
  'a %s writer is verified by its tests before it is reviewed',
  async (isolation) => {
    await launch(WRITER.replace('ISOLATION', `isolation: ${isolation}`), {
      make: ({ path }) => [
        writes(path('out.txt'), 'hello\n'),
        handOver('implementation', { changed_files: ['out.txt'], commands_run: [] }),
      ],
      look: () => [handOver('review', { findings: [], blocking_issues: [] })],
    });
    const { instance } = await over();
    expect(instance, JSON.stringify(instance.nodes, null, 1)).toMatchObject({ state: 'succeeded' });
    expect(lab.read('out.txt')).toBe('hello\n');
    const made = instance.nodes[0]?.tasks[0]?.result;
    expect(made).toMatchObject({ changed_files: 1, tests: { passed: 1, failed: 0 } });
    expect(made?.usd).toBeGreaterThan(0);
    expect(instance.spent).toMatchObject({ runs: 2, complete: true });
    expect(instance.spent.usd).toBeGreaterThan(0);
  },
);

test.each([
  ['left as it is', 'failed'],
  ['put back', 'succeeded'],
])(
  'what a rejected attempt did to the tests counts until it is put back: %s',
  async (then, state) => {
    const tests =
      'test("a", () => assert.equal(f(1), 2));\ntest("b", () => assert.equal(f(2), 3));\n';
    const flow = `
nodes:
  fix:
    role: implementation
    task: Repair it.
    allow_write: true
    write_scope: { allow: [src/, test/], commands: ["rm *"] }
    verify: { test_commands: ["true"] }
    retry: { max_retries: 1, backoff_seconds: 0 }
`;
    await launch(
      flow,
      {
        fix: ({ path, isAgain }) => [
          ...(isAgain ? [writes(path('src/new.mjs'), 'export const two = 2;\n')] : []),
          ...(isAgain && then === 'put back' ? [writes(path('test/f.test.mjs'), tests)] : []),
          ...(isAgain ? [] : [runs('rm test/f.test.mjs')]),
          handOver('implementation', { changed_files: [], commands_run: [] }),
        ],
      },
      undefined,
      () => {
        lab.write('test/f.test.mjs', tests);
        lab.commit();
      },
    );
    const { instance } = await over();
    const [node] = instance.nodes;
    expect(instance, JSON.stringify(node, null, 1)).toMatchObject({ state, spent: { runs: 2 } });
    expect(node?.tasks[0]?.failures[0]).toContain('deleted');
    if (state === 'failed') expect(node?.reason?.text).toContain('and it is still so');
  },
);

test('an answer without a form is asked for once more, in the same session', async () => {
  await launch('nodes: { look: { role: review, task: Read it. } }', {
    look: ({ call }) =>
      // The follow-up is recognised by what it says.
      JSON.stringify(call.body).includes('it is not a JSON object')
        ? [0, 0, 0, 0, 0, 0].map(() => handOver('review', { findings: [], blocking_issues: [] }))
        : [{ tools: [{ name: 'StructuredOutput', input: { status: 'pass', summary: 'fine' } }] }],
  });
  const { instance } = await over();
  expect(instance, JSON.stringify(instance.nodes, null, 1)).toMatchObject({ state: 'succeeded' });
});

test('workers wait for a free place, and none is refused for good', async () => {
  const node = (name: string) => `  ${name}: { role: research, task: "${name}: read it." }`;
  await launch(
    ['nodes:', ...['one', 'two', 'three'].map(node)].join('\n'),
    {},
    'max_concurrent: 1\nstart_interval_ms: 0\n',
  );
  const { instance, paths } = await over();
  expect(instance).toMatchObject({ state: 'succeeded', spent: { runs: 3 } });
  const { lines } = readJournal(paths.journal, undefined);
  let live = 0;
  for (const { event } of lines) {
    if (event?.type === 'run_started') live += 1;
    if (event?.type === 'run_ended') live -= 1;
    expect(live).toBeLessThanOrEqual(1);
  }
  expect(lines.some(({ event }) => event?.type === 'start_refused')).toBe(true);
});

test('a stop ends the worker, and a resume starts it again', async () => {
  let isHeld = true;
  await launch('nodes: { look: { role: research, task: Read it. } }', {
    look: () => [
      isHeld
        ? { text: 'Later.', hold: { at: 'before_headers', name: 'held' } }
        : handOver('research'),
    ],
  });
  await lab.model.waitForHold('held');
  const found = await findWorkflow(lab.host(), lab.place(), id);
  const ask = (kind: 'stop' | 'resume') =>
    askWorkflow(lab.host(), found, { kind }, { from: 'test' });
  expect(await ask('stop')).toMatchObject({ ok: true });
  const stopped = await over();
  expect(stopped.instance.state).toBe('stopped');
  for (const run of lab.runs) expect(lab.processes(run)).toEqual([]);
  isHeld = false;
  expect(await ask('resume')).toMatchObject({ ok: true });
  expect((await over()).instance.state).toBe('succeeded');
});

test('supervisors of the workflow and of its run may both be killed: the worker goes on, once', async () => {
  await launch('nodes: { look: { role: research, task: Read it. } }', {
    look: () => [{ ...handOver('research'), hold: { at: 'before_headers', name: 'held' } }],
  });
  await lab.model.waitForHold('held');
  const found = await findWorkflow(lab.host(), lab.place(), id);
  const { instance } = await now();
  const run = instance.nodes[0]?.attempts[0]?.run_id ?? '';
  for (const lease of [found.paths.lease, runPaths(found.workspace, run).lease]) {
    const holder = topLease(lease)?.holder;
    if (holder === undefined) throw new Error('nobody owns it');
    process.kill(holder.pid, 'SIGKILL');
    await lab.until(async () => !isAlive(holder) || undefined, 'it to die');
  }
  await ensureWorkflowSupervised(lab.host(), await now());
  await lab.until(
    async () => topLease(runPaths(found.workspace, run).lease)?.epoch === 2 || undefined,
    'the run to be taken over',
  );
  lab.model.release('held');
  const ended = await over();
  expect(ended.instance).toMatchObject({ state: 'succeeded', spent: { runs: 1 } });
  expect(ended.instance.nodes[0]?.tasks[0]?.result?.run_id).toBe(run);
});
