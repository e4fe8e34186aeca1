import { describe, expect, test } from 'vitest';
import { promptOf } from '../../src/workflows/core/prompt.ts';
import { runOrderOf } from '../../src/workflows/core/request.ts';
import { nodeAt } from '../../src/workflows/plan.ts';
import { planOf, World } from './world.ts';

const nodes = (...lines: string[]) => ['nodes:', ...lines.map((line) => `  ${line}`)].join('\n');
const of = (...lines: string[]) => World.of(nodes(...lines));

describe('a node that fails', () => {
  test('blocks what needs it; others go on; the workflow has failed', async () => {
    const world = await of(
      'a: { role: ops, task: x }',
      'b: { role: ops, needs: a }',
      'c: { role: ops }',
      'd: { role: ops, needs: c }',
    );
    world.fails('a');
    expect(world.instance.state).toBe('running');
    world.end('c');
    world.end('d');
    expect(world.states()).toEqual({ a: 'failed', b: 'blocked', c: 'succeeded', d: 'succeeded' });
    expect(world.node('b').reason?.text).toBe(
      'it needs a, which is failed: the run ended failed: it broke',
    );
    expect(world.instance).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('a ('),
    });
  });

  test.each([
    ['continue', 'succeeded', 'succeeded'],
    ['skip_dependents', 'skipped', 'succeeded'],
    ['fail', 'blocked', 'failed'],
  ])('on_failure: %s leaves what needs it %s', async (how, after, whole) => {
    const world = await of(
      `a: { role: ops, on_failure: ${how} }`,
      'b: { role: ops, needs: a }',
      'c: { role: ops, needs: b }',
    );
    world.fails('a');
    if (how === 'continue') for (const id of ['b', 'c']) world.end(id);
    expect(world.states()).toMatchObject({ a: 'failed', b: after, c: after });
    expect(world.instance.state).toBe(whole);
  });

  const HANDLED = [
    'a: { role: ops, on_failure: { run: h } }',
    'b: { role: ops, needs: a }',
    'h: { type: command, command: ["true"] }',
  ];
  test.each([
    [0, { a: 'failed', h: 'succeeded', b: 'succeeded' }, 'succeeded'],
    [1, { a: 'failed', h: 'failed', b: 'blocked' }, 'failed'],
  ])('is handled by another (exit code %i)', async (exit_code, states, whole) => {
    const world = await of(...HANDLED);
    expect(world.started()).toEqual(['a']);
    world.fails('a');
    expect(world.states()).toEqual({ a: 'failed', b: 'pending', h: 'running' });
    world.happen({ type: 'command_ended', key: world.key('h'), exit_code, elapsed_ms: 1 });
    if (exit_code === 0) world.end('b');
    expect(world.states()).toEqual(states);
    expect(world.instance.state).toBe(whole);
  });

  test('whose handler is not needed leaves it out', async () => {
    const world = await of(...HANDLED);
    world.end('a');
    expect(world.node('h')).toMatchObject({ state: 'skipped', reason: { code: 'not_needed' } });
  });
});

describe('retries', () => {
  test('wait longer each time, tell the worker why, and end', async () => {
    const world = await of('a: { role: ops, retry: { max_retries: 2, backoff_seconds: 10 } }');
    const [wake] = world.fails('a', 'first');
    expect(wake).toMatchObject({ type: 'wake', at: new Date(world.now + 10_000).toISOString() });
    expect(world.node('a')).toMatchObject({ state: 'waiting', reason: { code: 'backoff' } });
    expect(world.happen({ type: 'woken' }, 5)).toEqual([]);
    const [start] = world.happen({ type: 'woken' }, 5);
    expect(start).toMatchObject({ type: 'start_run', try: 2, key: 'wf/a/1.2' });
    expect(promptOf(world.plan, world.instance, nodeAt(world.plan, 0), 0)).toContain('first');
    expect(world.fails('a', 'second')[0]).toMatchObject({
      at: new Date(world.now + 20_000).toISOString(),
    });
    world.happen({ type: 'woken' }, 20);
    world.fails('a', 'third');
    expect(world.node('a').reason).toEqual({
      code: 'run_failed',
      text: 'the run ended failed: third (attempt 3)',
    });
  });

  test.each([
    ['auth_failed', 'retry: 1', false],
    ['network', 'retry: 1', true],
    ['network', 'retry: { max_retries: 1, on: [rate_limited] }', false],
    ['rate_limited', 'retry: { max_retries: 1, on: [rate_limited] }', true],
    ['auth_failed', 'retry: { max_retries: 1, on: [auth_failed] }', true],
  ] as const)('of %s with %s: %s', async (failure, retry, again) => {
    const world = await of(`a: { role: ops, ${retry} }`);
    world.end('a', { state: 'failed', failure: { class: failure, text: 'x' } });
    expect(world.node('a').state).toBe(again ? 'waiting' : 'failed');
  });

  test('are not spent on a refused start, which keeps its key', async () => {
    const world = await of('a: { role: ops }');
    world.happen({ type: 'start_refused', key: 'wf/a/1.1', text: 'no slot', retry_after_ms: 1000 });
    expect(world.instance).toMatchObject({ live: 0, spent: { runs: 0 } });
    expect(world.happen({ type: 'woken' }, 1)).toMatchObject([
      { id: 'wf/a/1.1:start', type: 'start_run' },
    ]);
    world.happen({ type: 'start_refused', key: 'wf/a/1.1', text: 'no profile' });
    expect(world.node('a')).toMatchObject({ state: 'failed', reason: { code: 'start_failed' } });
  });

  test('are not spent on what a worker found', async () => {
    const world = await of('a: { role: testing, retry: 3 }');
    world.says('a', { status: 'fail', summary: 'two tests fail' });
    expect(world.node('a').reason).toEqual({
      code: 'handoff_fail',
      text: 'the worker says fail: two tests fail',
    });
  });
});

describe('handoffs and verification', () => {
  test('a run that ended without an answer in the agreed form is repaired, too', async () => {
    const world = await of('a: { role: testing }');
    const failure = { class: 'invalid_output', text: 'no answer' } as const;
    const [repair] = world.end('a', { state: 'failed', failure, handoff: undefined });
    expect(repair).toMatchObject({ type: 'repair_handoff' });
    world.end('a');
    expect(world.instance.state).toBe('succeeded');
  });

  test('a bad handoff is repaired once in the same session, then it is a failure', async () => {
    const world = await of('a: { role: review }');
    const [repair] = world.end('a', { handoff: { status: 'pass' } });
    expect(repair).toMatchObject({
      type: 'repair_handoff',
      run_id: 'run-wf/a/1.1',
      prompt: expect.stringContaining('summary: it is missing'),
    });
    expect(world.end('a', { handoff: undefined })).toEqual([]);
    expect(world.node('a').reason).toMatchObject({ code: 'invalid_output' });
    expect(world.instance.spent).toMatchObject({ runs: 1, tokens: 200 });
  });

  test('a run that ended without a usable answer is asked for one, too', async () => {
    const world = await of('a: { role: review }');
    const failure = { class: 'invalid_output', text: 'no answer' } as const;
    const [repair] = world.end('a', { state: 'failed', failure, handoff: undefined });
    expect(repair).toMatchObject({ type: 'repair_handoff', run_id: 'run-wf/a/1.1' });
    world.end('a');
    expect(world.node('a').state).toBe('succeeded');
  });

  test.each([
    ['investigate', 'investigate', 'succeeded'],
    ['accept', 'investigate', 'failed'],
    ['accept', 'accept', 'succeeded'],
    ['investigate', 'reject', 'failed'],
  ] as const)('at_least %s and %s: %s', async (least, verdict, state) => {
    const world = await of(
      `a: { role: development, allow_write: true, write_scope: { allow: [src/] }, verify: { at_least: ${least}, test_commands: [npm test] } }`,
    );
    expect(world.end('a')).toMatchObject([{ type: 'verify_run', test_commands: ['npm test'] }]);
    world.verified('a', verdict);
    expect(world.node('a').state).toBe(state);
  });
});

describe('conditions', () => {
  test.each([
    ['a.findings.total > 0', { findings: [] }, 'skipped', 'when_false'],
    [
      'a.findings.total > 0',
      { findings: [{ severity: 'minor', text: 'x' }] },
      'running',
      undefined,
    ],
    ['a.cost.usd > 0', {}, 'blocked', 'when_unknown'],
  ])('when %s', async (when, more, state, code) => {
    const world = await of(
      'a: { role: review }',
      `b: { role: ops, needs: a, when: ${when} }`,
      'c: { role: ops, needs: b }',
    );
    const { handoff } = world.ended('wf/a/1.1') as { handoff: object };
    world.end('a', {
      handoff: { ...handoff, ...more },
      usage: { usd: null, tokens: 1, elapsed_ms: 1 },
    });
    expect(world.node('b').state).toBe(state);
    expect(world.node('b').reason?.code).toBe(code);
    // What was left out on purpose stands in nobody's way.
    if (code !== undefined)
      expect(world.node('c').state).toBe(code === 'when_false' ? 'running' : 'blocked');
    if (code === 'when_unknown') expect(world.instance.state).toBe('needs_attention');
  });

  test('a gate without conditions wants every need passed, and says who did not', async () => {
    const world = await of(
      'a: { role: ops }',
      'b: { role: ops }',
      'g: { type: gate, needs: [a, b] }',
    );
    world.end('a');
    world.fails('b');
    expect(world.node('g').reason?.text).toBe(
      'b is fail: the run ended failed: it broke; it has no on_fail',
    );
  });

  test('a gate that says no is not overheard by default', async () => {
    const world = await World.of(
      `defaults: { on_failure: continue }\n${nodes('a: { role: ops }', 'g: { type: gate, needs: a }', 'b: { role: ops, needs: g }')}`,
    );
    world.fails('a');
    expect(world.states()).toEqual({ a: 'failed', g: 'failed', b: 'blocked' });
    expect(world.instance.state).toBe('failed');
  });

  test('a gate that cannot be decided has not passed', async () => {
    const world = await of(
      'a: { role: review }',
      'g: { type: gate, needs: a, pass_when: a.tests.failed == 0 }',
    );
    world.end('a');
    expect(world.node('g').reason?.text).toContain(
      'a.tests.failed == 0 cannot be decided: a.tests.failed is not known',
    );
  });
});

describe('several tasks', () => {
  const EACH = [
    'a: { role: ops, outputs: { parts: list } }',
    'b: { role: review, needs: a, for_each: handoff.a.parts, max_items: 3 }',
    'g: { type: gate, needs: b, pass_when: "b.succeeded == b.total and sum(b.findings.blocker) == 0" }',
  ];
  test('one per entry, with the entry as data in its prompt', async () => {
    const world = await of(...EACH);
    const effects = world.says('a', { parts: ['x', { name: 'y' }] });
    expect(world.started(effects)).toEqual(['b[0]', 'b[1]']);
    expect(promptOf(world.plan, world.instance, nodeAt(world.plan, 1), 1)).toContain('"name": "y"');
    world.end('b', {}, 1);
    expect(world.node('b').state).toBe('running');
    world.end('b', {}, 0);
    expect(world.instance.state).toBe('succeeded');
  });

  test.each([
    [[], 'skipped', 'no_items'],
    [['1', '2', '3', '4'], 'failed', 'too_many_items'],
  ])('%j: %s', async (parts, state, code) => {
    const world = await of(...EACH);
    world.says('a', { parts });
    expect(world.node('b')).toMatchObject({ state, reason: { code } });
  });

  test('when some fail, those alone are done again after a resume', async () => {
    const world = await of('b: { role: review, matrix: { os: [linux, mac], node: [20, 22] } }');
    expect(world.started()).toHaveLength(4);
    world.end('b', {}, 0);
    world.fails('b', 'no mac', 2);
    world.end('b', {}, 3);
    world.end('b', {}, 1);
    expect(world.node('b').reason?.text).toBe(
      '1 of 4 tasks did not succeed; the first: the run ended failed: no mac',
    );
    const effects = world.happen({ type: 'resume_asked', by: 'me' });
    expect(world.started(effects)).toEqual(['b[2]']);
    world.end('b', {}, 2);
    expect(world.instance.state).toBe('succeeded');
  });
});

describe('approvals', () => {
  const APPROVAL = [
    'p: { type: approval, question: Go?, timeout_seconds: 60 }',
    'a: { role: ops, needs: p }',
  ];
  test('wait for a person', async () => {
    const world = await of(...APPROVAL);
    expect(world.effects).toMatchObject([
      { type: 'ask_approval', question: 'Go?' },
      { type: 'wake' },
    ]);
    expect(world.instance.state).toBe('waiting_approval');
    world.happen({ type: 'approval_given', key: world.key('p'), decision: 'approved', by: 'ann' });
    expect(world.node('p').reason).toEqual({ code: 'approved', text: 'approved by ann' });
    expect(world.states()).toEqual({ p: 'succeeded', a: 'running' });
  });

  test('can be refused, and time out', async () => {
    const refused = await of(...APPROVAL);
    refused.happen({
      type: 'approval_given',
      key: refused.key('p'),
      decision: 'rejected',
      by: 'ann',
    });
    expect(refused.states()).toEqual({ p: 'failed', a: 'blocked' });
    const late = await of(...APPROVAL);
    expect(late.happen({ type: 'woken' }, 60)).toMatchObject([{ type: 'withdraw_approval' }]);
    expect(late.node('p').reason).toMatchObject({ code: 'approval_timeout' });
  });
});

describe('limits', () => {
  test('places, all and by profile', async () => {
    const world = await World.of(
      `max_concurrent: 3\nprofile_limits: { slow: 1 }\n${nodes('a: { role: ops, profile: slow }', 'b: { role: ops, profile: slow }', 'c: { role: ops }', 'd: { role: ops }', 'e: { role: ops }')}`,
    );
    expect(world.started()).toEqual(['a', 'c', 'd']);
    expect(world.node('b').state).toBe('ready');
    expect(world.started(world.end('c'))).toEqual(['e']);
    expect(world.started(world.end('a'))).toEqual(['b']);
  });

  test('a budget is shared out, never overdrawn, and can be raised', async () => {
    const world = await World.of(
      `max_concurrent: 2\nbudget: { max_usd: 1 }\n${nodes('a: { role: ops, budget: { max_usd: 0.7 } }', 'b: { role: ops }', 'c: { role: ops }')}`,
    );
    const grants = world.effects.map((effect) => 'max_usd' in effect && effect.max_usd);
    expect(grants[0]).toBe(0.7);
    expect(grants[1]).toBeCloseTo(0.3);
    world.end('a', { usage: { usd: 0.7, tokens: 1, elapsed_ms: 1 } });
    expect(world.node('c').state).toBe('ready');
    world.end('b', { usage: { usd: null, tokens: 1, elapsed_ms: 1 } });
    expect(world.instance).toMatchObject({
      state: 'needs_attention',
      spent: { usd: 0.7, complete: false },
    });
    expect(world.node('c').reason).toMatchObject({
      code: 'budget_exhausted',
      text: expect.stringContaining('1.0000 of 1 USD'),
    });
    world.happen({ type: 'resume_asked', by: 'me', limits: { max_usd: 2 } });
    expect(world.node('c').state).toBe('running');
  });

  test('a run that takes too long is stopped, and has failed once it has ended', async () => {
    const world = await of('a: { role: ops, timeout_seconds: 60 }');
    expect(world.happen({ type: 'woken' }, 60)).toEqual([]);
    expect(world.happen({ type: 'woken' }, 60)).toMatchObject([
      { type: 'stop_run', key: 'wf/a/1.1' },
    ]);
    expect(world.node('a').state).toBe('running');
    world.end('a', { state: 'cancelled', handoff: undefined });
    expect(world.node('a').reason).toMatchObject({ code: 'timed_out' });
  });

  test('a workflow that takes too long has failed', async () => {
    const world = await World.of(
      `timeout_seconds: 100\n${nodes('a: { role: ops }', 'b: { role: ops, needs: a }')}`,
    );
    expect(world.happen({ type: 'woken' }, 100)).toMatchObject([{ type: 'stop_run' }]);
    world.end('a');
    expect(world.instance).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('100 s'),
    });
    expect(world.states()).toEqual({ a: 'cancelled', b: 'cancelled' });
  });
});

describe('a person', () => {
  const CHAIN = [
    'a: { role: ops }',
    'b: { role: ops, needs: a }',
    'c: { role: ops, needs: b }',
    'd: { role: ops }',
  ];
  test('stops it, and resumes it where it was', async () => {
    const world = await of(...CHAIN);
    world.end('a');
    expect(world.happen({ type: 'stop_asked', by: 'ann', text: 'lunch' })).toMatchObject(
      [
        { type: 'stop_run', key: 'wf/d/1.1' },
        { type: 'stop_run', key: 'wf/b/1.1' },
      ].sort((x, y) => (x.key < y.key ? -1 : 1)),
    );
    expect(world.instance.state).toBe('running');
    world.end('b');
    world.end('d');
    expect(world.instance).toMatchObject({ state: 'stopped', reason: 'stopped by ann: lunch' });
    expect(world.states()).toEqual({
      a: 'succeeded',
      b: 'cancelled',
      c: 'cancelled',
      d: 'cancelled',
    });
    const effects = world.happen({ type: 'resume_asked', by: 'ann' });
    expect(world.started(effects).sort()).toEqual(['b', 'd']);
    for (const id of ['b', 'c', 'd']) world.end(id);
    expect(world.instance.state).toBe('succeeded');
  });

  test('stops it before it has started', async () => {
    const world = new World(await planOf(nodes(...CHAIN)));
    expect(world.happen({ type: 'stop_asked', by: 'ann' })).toEqual([]);
    expect(world.instance.state).toBe('stopped');
    expect(world.happen({ type: 'started' })).toEqual([]);
    const effects = world.happen({ type: 'resume_asked', by: 'ann' });
    expect(world.started(effects)).toEqual(['a', 'd']);
  });

  test('has a node done again, and all that came of it; then it really runs', async () => {
    const world = await of(...CHAIN);
    for (const id of ['a', 'b', 'c', 'd']) world.end(id);
    expect(world.happen({ type: 'retry_asked', node: 'b', by: 'ann', text: 'wrong file' })).toEqual(
      [],
    );
    expect(world.instance).toMatchObject({ state: 'needs_rerun' });
    expect(world.states()).toEqual({
      a: 'succeeded',
      b: 'needs_rerun',
      c: 'needs_rerun',
      d: 'succeeded',
    });
    expect(world.node('b').stale).toMatchObject([
      { round: 1, state: 'succeeded', run_ids: ['run-wf/b/1.1'], usd: 0.01 },
    ]);
    const effects = world.happen({ type: 'resume_asked', by: 'ann' });
    expect(effects).toMatchObject([{ type: 'start_run', key: 'wf/b/2.1' }]);
    expect(promptOf(world.plan, world.instance, nodeAt(world.plan, 1), 0)).toContain('wrong file');
    world.end('b');
    world.end('c');
    expect(world.instance.state).toBe('succeeded');
  });

  test('takes back what still runs; it starts again only when that has ended', async () => {
    const world = await of(...CHAIN);
    expect(world.happen({ type: 'retry_asked', node: 'a', by: 'ann' })).toMatchObject([
      { type: 'stop_run', key: 'wf/a/1.1' },
    ]);
    expect(world.node('a').state).toBe('needs_rerun');
    const effects = world.happen(world.ended('wf/a/1.1'));
    expect(effects).toMatchObject([{ type: 'start_run', key: 'wf/a/2.1' }]);
  });
});

describe('a guarded node', () => {
  test('never starts when its verifier did not succeed, however the file bears the failure', async () => {
    const world = await World.of(
      `verify_before: { publish: check }\n${nodes('check: { role: review, on_failure: { run: h } }', 'publish: { type: command, command: ["true"], needs: check }', 'h: { type: command, command: ["true"] }')}`,
    );
    world.fails('check');
    world.happen({ type: 'command_ended', key: world.key('h'), exit_code: 0, elapsed_ms: 1 });
    expect(world.node('publish')).toMatchObject({
      state: 'blocked',
      reason: { code: 'not_verified' },
    });
    expect(world.started()).not.toContain('publish');
  });

  test('a node that is not wanted needs no verifier', async () => {
    const lines = nodes(
      'check: { role: testing, when: workflow.round > 1 }',
      'publish: { role: ops, needs: check, when: check.state != "skipped" }',
    );
    const world = await World.of(`verify_before: { publish: check }\n${lines}`);
    expect(world.states()).toEqual({ check: 'skipped', publish: 'skipped' });
    expect(world.instance.state).toBe('succeeded');
  });
});

describe('delegation', () => {
  const TEAM = `budget: { max_usd: 1 }\nmax_concurrent: 1\nroles: { tester: { role: testing, instructions: Run the tests. } }\ndelegate: [{ from: architecture, to: tester, max_runs: 2, share: 0.5 }]\n${nodes('a: { role: architecture }')}`;
  const ask = (request: string, more: object = {}) =>
    ({
      type: 'delegation_asked',
      parent: 'wf/a/1.1',
      request,
      role: 'tester',
      task: 'Test it.',
      ...more,
    }) as const;

  test('comes out of what was kept of the budget, and goes back', async () => {
    const world = await World.of(TEAM);
    const [first] = world.effects;
    expect(first).toMatchObject({ type: 'start_run', max_usd: 0.5 });
    if (first?.type !== 'start_run') throw new Error('no start');
    expect(runOrderOf(world.plan, world.instance, first).helpers).toEqual([
      { name: 'tester', text: 'Run the tests.' },
    ]);
    const [start, answer] = world.happen(ask('1'));
    expect(start).toMatchObject({
      type: 'start_run',
      max_usd: 0.25,
      delegated: { role: 'tester', by: 'wf/a/1.1' },
    });
    expect(answer).toMatchObject({ type: 'answer_delegation', request: '1', key: 'wf/a/1.1>1' });
    if (start?.type !== 'start_run') throw new Error('no start');
    expect(runOrderOf(world.plan, world.instance, start)).toMatchObject({
      role: 'testing',
      task: 'Test it.',
      allowWrite: false,
      helpers: [],
      budget: { max_usd: 0.25 },
    });
    world.happen({
      ...world.ended('wf/a/1.1>1', { usage: { usd: 0.05, tokens: 5, elapsed_ms: 1 } }),
    });
    expect(world.instance.children).toEqual([]);
    expect(world.instance.spent.usd).toBeCloseTo(0.05);
    expect(world.instance.reserved.usd).toBeCloseTo(0.95);
    world.end('a');
    expect(world.instance).toMatchObject({ state: 'succeeded', reserved: { usd: 0 } });
  });

  test('keeps to its rules', async () => {
    const world = await World.of(TEAM);
    const refusal = (request: string, more: object = {}) =>
      world.happen(ask(request, more)).map((effect) => 'refused' in effect && effect.refused);
    expect(refusal('1', { role: 'review' })).toEqual(['architecture may not launch review']);
    world.happen(ask('2'));
    expect(refusal('3', { parent: 'wf/a/1.1>2' })).toEqual(['tester may not launch tester']);
    expect(refusal('4', { parent: 'wf/zz/1.1' })).toEqual(['the run that asks is over']);
    expect(world.happen(ask('2'))).toMatchObject([
      { type: 'answer_delegation', key: 'wf/a/1.1>2' },
    ]);
  });

  test('ends with the run that asked for it', async () => {
    const world = await World.of(TEAM);
    world.happen(ask('1'));
    expect(world.end('a')).toMatchObject([{ type: 'stop_run', key: 'wf/a/1.1>1' }]);
    expect(world.instance.state).toBe('running');
    world.happen(world.ended('wf/a/1.1>1', { state: 'cancelled' }));
    expect(world.instance).toMatchObject({ state: 'succeeded', reserved: { usd: 0 } });
  });
});

test('what a run is asked for says everything', async () => {
  const world = await World.of(
    `defaults: { timeout_seconds: 300, model: m1 }\nroles: { fixer: { role: implementation, instructions: Small steps., profile: p1 } }\n${nodes('a: { role: ops, task: Look. }', 'b: { role: fixer, needs: a, allow_write: true, write_scope: { allow: [src/, README.md], deny: [src/secret/], commands: [npm test], max_diff_lines: 9 }, outputs: { files: list } }')}`,
  );
  const [start] = world.end('a');
  if (start?.type !== 'start_run') throw new Error('no start');
  const order = runOrderOf(world.plan, world.instance, start);
  expect(order).toMatchObject({
    idempotencyKey: 'wf/b/1.1',
    role: 'implementation',
    profile: 'p1',
    model: 'm1',
    allowWrite: true,
    scope: {
      paths: ['src/**', 'README.md', '!src/secret/**'],
      commands: ['npm test'],
      max_lines: 9,
    },
    budget: { wall_seconds: 300 },
  });
  expect(order.outputSchema.required).toContain('files');
  for (const words of ['the task', 'Small steps.', '## a (succeeded)'])
    expect(order.task).toContain(words);
});
