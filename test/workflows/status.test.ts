import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { byteLength } from '../../src/core/text.ts';
import type { Attempt, Instance, NodeRecord } from '../../src/workflows/core/instance.ts';
import { workflowReport } from '../../src/workflows/views/report.ts';
import { seqOf, type WorkflowStatus, workflowStatus } from '../../src/workflows/views/status.ts';
import {
  NODE_STATES,
  REASONS,
  type ReasonCode,
  WORKFLOW_STATES,
} from '../../src/workflows/vocabulary.ts';
import { Random } from '../support/random.ts';
import { fateOf, Player } from './player.ts';
import { randomFlow } from './random-flow.ts';
import { planOf, World } from './world.ts';

const FLOW = `
id: flow
budget: { max_usd: 5, max_runs: 9 }
nodes:
  build:
    role: implementation
    task: Build it.
    allow_write: true
    write_scope: { allow: [src/] }
  look: { role: review, task: Look., retry: { max_retries: 1, backoff_seconds: 60 } }
  ask: { type: approval, needs: build, question: "Ship | it?" }
  ship: { role: ops, task: Ship., needs: [ask, look] }
`;

function statusOf(world: World, more: Partial<Parameters<typeof workflowStatus>[2]> = {}) {
  const facts = { seq: world.journal.length, now: new Date(world.now + 5000), ...more };
  return workflowStatus(world.plan, world.instance, facts);
}

test('it tells what runs, what waits for whom, what is tried again, and the one next call', async () => {
  const world = await World.of(FLOW);
  world.happen({ type: 'run_started', key: world.key('build'), run_id: 'run_1', model: 'm1' });
  expect(statusOf(world)).toMatchObject({
    state: 'running',
    progress: { total: 4, running: 2, pending: 2 },
    running: [
      { task: 'build', phase: 'running', run_id: 'run_1', model: 'm1', for_s: 6 },
      { task: 'look', phase: 'starting' },
    ],
    cost: { usd: 0, tokens: 0, runs: 2 },
    budget: { max_usd: 5, max_runs: 9 },
    next: { tool: 'cc_workflow_status', input: { workflow_id: 'wf', wait_seconds: 50 } },
  });
  world.fails('look');
  world.end('build');
  world.verified('build');
  const waiting = statusOf(world);
  expect(waiting).toMatchObject({
    waits: [{ node: 'ask', question: 'Ship | it?' }],
    retrying: [{ task: 'look', why: expect.stringContaining('it broke') }],
    next: { tool: 'cc_workflow_approve', input: { workflow_id: 'wf', node: 'ask' } },
  });
  expect(waiting.running).toBeUndefined();
});

test('each end has its own next call', async () => {
  const done = await World.of('nodes: { a: { role: review, task: x } }');
  done.end('a');
  expect(statusOf(done).next).toMatchObject({ tool: 'cc_workflow_report' });

  const failed = await World.of(
    'nodes: { a: { role: review, task: x }, b: { role: ops, needs: a } }',
  );
  failed.fails('a', 'the disk is gone');
  const { next, failures, state } = statusOf(failed);
  expect(state).toBe('failed');
  expect(failures).toEqual([
    {
      node: 'a',
      state: 'failed',
      code: 'run_failed',
      why: expect.stringContaining('disk'),
      run_id: 'run-wf/a/1.1',
    },
  ]);
  expect(next).toMatchObject({
    tool: 'cc_workflow_resume',
    why: expect.stringContaining('a failed'),
  });

  failed.happen({ type: 'retry_asked', node: 'a', by: 'me' });
  expect(statusOf(failed)).toMatchObject({
    state: 'needs_rerun',
    next: { tool: 'cc_workflow_resume', input: { workflow_id: 'wf' } },
  });

  const poor = await World.of(
    'budget: { max_runs: 1 }\nnodes: { a: { role: review, task: x }, b: { role: ops, needs: a } }',
  );
  poor.end('a');
  expect(statusOf(poor)).toMatchObject({
    state: 'needs_attention',
    failures: [{ node: 'b', code: 'budget_exhausted' }],
    next: { tool: 'cc_workflow_resume', why: expect.stringContaining('max_runs is used up') },
  });
});

test('a failure that the file allows is marked, and comes after those that count', async () => {
  const world = await World.of(
    'nodes: { a: { role: review, task: x, on_failure: continue }, b: { role: ops, task: y } }',
  );
  world.fails('a');
  world.fails('b');
  expect(statusOf(world).failures).toMatchObject([{ node: 'b' }, { node: 'a', allowed: true }]);
});

test('with an earlier look only what changed since is listed, and nothing when nothing did', async () => {
  const world = await World.of(FLOW);
  const before = world.instance;
  expect(statusOf(world, { before })).toMatchObject({ nodes: {}, progress: { total: 4 } });
  world.end('look');
  expect(statusOf(world, { before }).nodes).toEqual({ succeeded: ['look'] });
  expect(seqOf(statusOf(world).cursor)).toBe(world.journal.length);
  for (const bad of [undefined, '', 'x', '1.1', '../..', '-1', '1e3']) {
    expect(seqOf(bad)).toBeUndefined();
  }
});

test('a price nobody knows is null, a part of it is at least', async () => {
  const world = await World.of(
    'nodes: { a: { role: review, task: x }, b: { role: ops, task: y } }',
  );
  world.end('a', { usage: { usd: null, tokens: 7, elapsed_ms: 1 } });
  expect(statusOf(world).cost).toEqual({ usd: null, at_least: true, tokens: 7, runs: 2 });
  world.end('b');
  expect(statusOf(world).cost).toMatchObject({ usd: 0.01, at_least: true });
  expect(statusOf(world, { mock: true }).mock).toBe(true);
});

const WRITER = (more: string) =>
  `nodes: { a: { role: implementation, task: x, allow_write: true, write_scope: { allow: [src/] }, ${more} } }`;

test('a failure names its run, and rejected work in the project how it is taken back', async () => {
  const world = await World.of(WRITER('on_failure: continue'));
  const key = world.key('a');
  world.end('a', { run_id: 'run_bad' });
  world.happen({ type: 'run_verified', key, verdict: 'reject', reasons: ['no'], changed_files: 2 });
  const status = statusOf(world);
  expect(status).toMatchObject({
    state: 'succeeded',
    failures: [{ node: 'a', run_id: 'run_bad', allowed: true }],
    next: { tool: 'cc_workflow_report', why: expect.stringMatching(/run_bad .*cc_rollback_run/) },
  });
  const { plan, first, journal } = world;
  const facts = { plan, first, events: journal, file: 'f', mock: false, journal: 'j' };
  const { text, short } = workflowReport(facts);
  for (const told of [text, short]) expect(told).toContain('cc_rollback_run with run_id run_bad');
});

test.each([
  ['was done in a copy', 'isolation: worktree', 'reject', 2],
  ['changed nothing', 'isolation: shared', 'reject', 0],
  ['was accepted', 'isolation: shared', 'accept', 2],
] as const)('work that %s is not to be taken back', async (_, more, verdict, changed_files) => {
  const world = await World.of(WRITER(more));
  const key = world.key('a');
  world.end('a', { run_id: 'run_bad' });
  world.happen({ type: 'run_verified', key, verdict, reasons: ['no'], changed_files });
  expect(statusOf(world).next.why).not.toContain('cc_rollback_run');
});

test('what a killed run did last is unknown, costs no more than it told, and spends no budget', async () => {
  const text =
    'budget: { max_usd: 5 }\nmax_concurrent: 1\nnodes: { a: { role: review, task: x, retry: { max_retries: 1, backoff_seconds: 0 } } }';
  const world = await World.of(text);
  const failure = { class: 'crashed', text: 'killed' } as const;
  const usage = { usd: 0, at_least: true, tokens: 0, elapsed_ms: 1 } as const;
  world.end('a', { state: 'failed', failure, handoff: undefined, usage });
  expect(statusOf(world).cost).toEqual({ usd: null, at_least: true, tokens: 0, runs: 2 });
  world.end('a');
  expect(statusOf(world)).toMatchObject({
    state: 'succeeded',
    cost: { usd: 0.01, at_least: true, tokens: 100 },
  });
});

test('random workflows: counts are right, and next names something that exists', async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = new Random(seed);
    const world = new World(await planOf(randomFlow(random, { gates: true, budget: true })));
    const check = () => holds(world, statusOf(world));
    new Player(world, random, fateOf(seed)).play(check);
    check();
  }
});

function holds({ instance }: World, status: WorkflowStatus): void {
  const { total, ...states } = status.progress;
  expect(Object.values(states).reduce((sum, count) => sum + count, 0)).toBe(total);
  expect(Object.values(status.nodes).flat().sort()).toEqual(
    instance.nodes.map(({ id }) => id).sort(),
  );
  const { node } = status.next.input;
  if (node !== undefined) expect(status.waits?.map((wait) => wait.node)).toContain(node);
  expect(/^cc_workflow_(status|approve|resume|report)$/.test(status.next.tool)).toBe(true);
}

/** Text as bad as it gets: long, wide, to be escaped in JSON. */
const NASTY = ['x', '"', '\\', '\n', '\u0007', '語', '🧨', '\ud800', '\u202e', '|', '`'] as const;

test('100 and 1000 nodes in any mix of states fit, with ids and reasons of any length', async () => {
  for (const count of [100, 1000]) {
    const ids = Array.from(
      { length: count },
      (_, i) => `n${'x'.repeat(58)}${String(i).padStart(4, '0')}`,
    );
    const nodes = Object.fromEntries(
      ids.map((id, i) => [
        id,
        i % 3 === 0
          ? { type: 'approval', question: '語"'.repeat(190) }
          : { role: 'review', task: 'x' },
      ]),
    );
    const plan = await planOf(stringify({ id: `w${'y'.repeat(60)}`, nodes }));
    const { first } = new World(plan);
    for (let seed = 1; seed <= (count === 100 ? 40 : 2); seed += 1) {
      const random = new Random(seed);
      const instance = scrambled(first, random);
      const now = new Date('2026-11-22T10:00:00.000Z');
      const status = workflowStatus(plan, instance, { seq: 1e9, now, mock: true });
      expect(byteLength(JSON.stringify(status)), `seed ${seed}`).toBeLessThanOrEqual(4096);
      const shown = Object.values(status.nodes).flat().length;
      const left = NODE_STATES.reduce(
        (sum, state) => sum + (status.more?.[`nodes.${state}`] ?? 0),
        0,
      );
      expect(shown + left).toBe(count);
      for (const id of Object.values(status.nodes).flat()) expect(ids).toContain(id);
    }
  }
});

function scrambled(first: Instance, random: Random): Instance {
  const nasty = () => {
    const piece = random.chance(0.3) ? random.pick(NASTY) : NASTY.join('');
    return piece.repeat(random.between(0, 300));
  };
  const only = random.chance(0.4) ? random.pick(NODE_STATES) : undefined;
  const codes = Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]];
  const nodes = first.nodes.map((node): NodeRecord => {
    const state = only ?? random.pick(NODE_STATES);
    const reason = random.chance(0.9) ? { code: random.pick(codes), text: nasty() } : null;
    const kind = random.pick<Attempt['kind']>(['run', 'command', 'workflow', 'approval']);
    const attempt: Attempt = {
      key: `wf/${node.id}/1.1`,
      task: 0,
      kind,
      phase: random.pick(['starting', 'running', 'repairing', 'verifying']),
      since: first.created,
      deadline: null,
      run_id: random.chance(0.8) ? 'run_20261121t110900123z_k3v7qa2m' : null,
      profile: nasty().slice(0, 200),
      model: nasty().slice(0, 200),
      reserved: { usd: 0, tokens: 0 },
      stopping: null,
      result: null,
      repair: null,
      pool: { usd: null, tokens: null },
      requests: [],
    };
    const task = {
      state: 'waiting',
      reason,
      item: null,
      tries: 1,
      refusals: 0,
      failures: [nasty()],
      wake_at: random.chance(0.5) ? first.created : null,
      result: null,
    } as const;
    const failure = random.pick<NodeRecord['failure']>(['final', 'continued', 'handling', null]);
    const isLive = state === 'running' || state === 'waiting';
    return { ...node, state, reason, failure, tasks: [task], attempts: isLive ? [attempt] : [] };
  });
  const state = random.pick(WORKFLOW_STATES);
  const limits = { max_usd: 1234.567891, max_tokens: 123456789, max_runs: 99999 };
  const spent = { usd: 1234.567891, tokens: 1e9, runs: 1e5, complete: false, unpriced_usd: 1 };
  const started = first.created;
  return { ...first, nodes, state, reason: nasty(), limits, spent, started };
}
