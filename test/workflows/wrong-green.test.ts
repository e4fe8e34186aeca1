import { describe, expect, test } from 'vitest';
import { loadWorkflow } from '../../src/workflows/load.ts';
import { World } from './world.ts';

const nodes = (...lines: string[]) => ['nodes:', ...lines.map((line) => `  ${line}`)].join('\n');
const of = (...lines: string[]) => World.of(nodes(...lines));

const FIX = 'fix: { role: implementation, allow_write: true, write_scope: { allow: [src/] }';

describe('work that was judged reject', () => {
  test.each([
    ['', 'a gate without conditions'],
    [', pass_when: "fix.status == \'pass\'"', 'a gate that asks for the status'],
    [', pass_when: "fix.status in [\'pass\']"', 'a gate that asks for the status in another way'],
  ])('passes no gate (%#: %s)', async (condition) => {
    const world = await of(
      `${FIX}, retry: 0 }`,
      `good: { type: gate, needs: fix${condition} }`,
      'publish: { role: ops, task: x, needs: good }',
    );
    world.end('fix');
    world.verified('fix', 'reject');
    expect(world.states()).toEqual({ fix: 'failed', good: 'failed', publish: 'blocked' });
  });
});

test('a gate without conditions does not pass for what a failure left out', async () => {
  const world = await of(
    'fix: { role: ops, on_failure: skip_dependents }',
    'check: { role: testing, needs: fix }',
    'good: { type: gate, needs: check }',
    'publish: { role: ops, task: x, needs: good }',
  );
  world.fails('fix');
  expect(world.states()).toEqual({
    fix: 'failed',
    check: 'skipped',
    good: 'failed',
    publish: 'blocked',
  });
});

test('a gate without conditions passes for what its condition left out', async () => {
  const world = await of(
    'fix: { role: ops }',
    'check: { role: testing, needs: fix, when: "fix.status != \'pass\'" }',
    'good: { type: gate, needs: check }',
  );
  world.end('fix');
  expect(world.states()).toMatchObject({ check: 'skipped', good: 'succeeded' });
});

test('what is done in a copy cannot go unverified, because it would never come into the project', async () => {
  const text = nodes(`${FIX}, isolation: worktree, verify: false }`);
  const { plan, problems } = await loadWorkflow('flow.yaml', text);
  expect(plan).toBeUndefined();
  expect(problems).toMatchObject([{ code: 'wrong_value', path: 'nodes.fix.verify' }]);
});

test('a command has passed or failed, as a worker has', async () => {
  const world = await of(
    't: { type: command, command: ["true"] }',
    'good: { type: gate, needs: t, pass_when: "t.status == \'pass\'" }',
  );
  world.happen({ type: 'command_ended', key: world.key('t'), exit_code: 0, elapsed_ms: 1 });
  expect(world.states()).toEqual({ t: 'succeeded', good: 'succeeded' });
});

test.each([
  [{ passed: 0, failed: 0, skipped: 2 }, 'failed'],
  [{ passed: 1, failed: 0, skipped: 0 }, 'succeeded'],
])('of %j tests none has failed: the gate has %s', async (tests, state) => {
  const world = await of(
    't: { type: command, command: ["node", "--test"] }',
    'good: { type: gate, needs: t, pass_when: "t.tests.failed == 0" }',
  );
  world.happen({ type: 'command_ended', key: world.key('t'), exit_code: 0, elapsed_ms: 1, tests });
  expect(world.states()).toEqual({ t: 'succeeded', good: state });
  if (state === 'failed') expect(world.node('good').reason?.text).toContain('no test ran');
});

describe('a command that ends with the exit code of another', () => {
  const flow = (line: string) =>
    of(
      `t: { type: command, command: ${JSON.stringify(line)}, on_failure: continue }`,
      'good: { type: gate, needs: t, pass_when: "t.exit_code == 0" }',
    );
  const ended = (world: World, failed: number) =>
    world.happen({
      type: 'command_ended',
      key: world.key('t'),
      exit_code: 0,
      elapsed_ms: 1,
      tests: { passed: 1, failed, skipped: 0 },
    });

  test('has failed where a failing test was seen', async () => {
    const world = await flow('npm test | tail -5');
    ended(world, 2);
    expect(world.states()).toEqual({ t: 'failed', good: 'failed' });
    expect(world.node('t').reason?.text).toBe(
      '2 failing test(s); exit code 0 is that of `tail -5`',
    );
  });

  test.each([
    ['npm test | tail -5', 0],
    ['! npm test', 2],
  ])('and else is taken at its word: %s with %i failing', async (line, failed) => {
    const world = await flow(line);
    ended(world, failed);
    expect(world.states()).toEqual({ t: 'succeeded', good: 'succeeded' });
  });

  test('is a warning when the file is checked', async () => {
    const text = nodes(
      't: { type: command, command: "npm test || true" }',
      `${FIX}, verify: { test_commands: [npm test, "npm test | tee log"] } }`,
    );
    const { problems } = await loadWorkflow('flow.yaml', text);
    expect(problems).toMatchObject([
      { code: 'hidden_exit_code', level: 'warning', path: 'nodes.t.command' },
      { code: 'hidden_exit_code', level: 'warning', path: 'nodes.fix.verify.test_commands[1]' },
    ]);
  });
});

test('of a command that took too long that is said, however much it printed', async () => {
  const world = await of('t: { type: command, command: [sleep, "9"] }');
  const output_tail = `It did not end within 2 s.\n${'x'.repeat(5000)}`;
  world.happen({
    type: 'command_ended',
    key: world.key('t'),
    exit_code: null,
    elapsed_ms: 1,
    output_tail,
  });
  expect(world.node('t').reason?.text).toMatch(/^It did not end within 2 s\.: x/);
});

test('resumed, a gate that cannot go back has what it judged done again, not judged again', async () => {
  const world = await of(
    'fix: { role: ops }',
    'check: { type: command, command: ["false"], needs: fix, on_failure: continue }',
    'look: { role: review, needs: fix, matrix: { os: [a, b] } }',
    'good: { type: gate, needs: [check, look], pass_when: ["check.exit_code == 0", "sum(look.findings.total) == 0"] }',
    'out: { role: ops, task: x, needs: good }',
  );
  world.end('fix');
  world.happen({ type: 'command_ended', key: world.key('check'), exit_code: 1, elapsed_ms: 1 });
  const none = { findings: [], blocking_issues: [] };
  for (const task of [0, 1]) world.says('look', none, task);
  expect(world.instance).toMatchObject({ state: 'failed' });
  const effects = world.happen({ type: 'resume_asked', by: 'me' });
  expect(world.started(effects)).toEqual(['check', 'look[0]', 'look[1]']);
  world.happen({ type: 'command_ended', key: world.key('check'), exit_code: 0, elapsed_ms: 1 });
  for (const task of [0, 1]) world.says('look', none, task);
  expect(world.states()).toMatchObject({ fix: 'succeeded', good: 'succeeded', out: 'running' });
});

describe('a worker that has done its review says pass, and names what must not go on', () => {
  const BLOCKING = { blocking_issues: ['it deletes data'] };
  const BLOCKER = { findings: [{ severity: 'blocker', text: 'it deletes data' }] };

  test.each([BLOCKING, BLOCKER])('a gate without conditions does not pass for %j', async (said) => {
    const world = await of(
      'look: { role: review, task: x }',
      'good: { type: gate, needs: look }',
      'publish: { role: ops, task: x, needs: good }',
    );
    world.says('look', said);
    expect(world.states()).toEqual({ look: 'succeeded', good: 'failed', publish: 'blocked' });
    expect(world.node('good').reason?.text).toContain('it deletes data');
  });

  test('its retry is told what was named', async () => {
    const world = await of(
      'fix: { role: ops, task: x }',
      'look: { role: review, task: x, needs: fix }',
      'good: { type: gate, needs: look, on_fail: { retry: fix, max_retries: 1 } }',
    );
    world.end('fix');
    world.says('look', BLOCKING);
    expect(world.node('fix').advice?.join()).toContain('it deletes data');
  });

  test('and what it has to verify does not start', async () => {
    const world = await World.of(
      `${nodes('look: { role: review, task: x }', 'publish: { role: ops, task: x, needs: look }')}\nverify_before: { publish: look }`,
    );
    world.says('look', BLOCKING);
    expect(world.states()).toEqual({ look: 'succeeded', publish: 'blocked' });
    expect(world.instance.state).toBe('needs_attention');
  });

  test('and what nothing acts on is told with the end', async () => {
    const world = await of('look: { role: review, task: x }', 'test: { role: testing, task: x }');
    world.says('look', BLOCKING);
    world.says('test', { failures: ['it throws', 'it hangs'] });
    expect(world.instance).toMatchObject({
      state: 'succeeded',
      reason:
        'all 2 nodes are through; not acted on: look: it names 1 blocking issue: it deletes data; test: it names 2 failures, the first: it throws',
    });
  });

  test('a field of the file means what the file means by it', async () => {
    const world = await of(
      'sort: { role: requirements, task: x, outputs: { failures: list } }',
      'good: { type: gate, needs: sort }',
    );
    world.says('sort', { failures: [{ old: 1 }] });
    expect(world.states()).toEqual({ sort: 'succeeded', good: 'succeeded' });
  });

  test('what was found is handed on where nothing has to pass for it', async () => {
    const world = await of(
      'look: { role: review, task: x }',
      'fix: { role: ops, task: x, needs: look }',
    );
    world.says('look', BLOCKING);
    expect(world.states()).toEqual({ look: 'succeeded', fix: 'running' });
  });
});

describe('a supervisor that does not approve', () => {
  const BLOCK = { verdict: 'block', objections: ['no test of it'] };

  test('has not passed the work, and the workflow has not succeeded', async () => {
    const world = await of(
      'judge: { role: supervisor, task: x, retry: 2 }',
      'publish: { role: ops, task: x, needs: judge }',
    );
    world.says('judge', BLOCK);
    expect(world.states()).toEqual({ judge: 'failed', publish: 'blocked' });
    expect(world.instance).toMatchObject({ state: 'failed' });
    expect(world.instance.reason).toContain('its verdict is block: no test of it');
  });

  test.each(['judge.status == "pass"', 'judge.cost.usd < 2', 'handoff.judge.confidence == "high"'])(
    'has not passed it either where the file asks no more than %s',
    async (when) => {
      const world = await of(
        'judge: { role: supervisor, task: x }',
        `publish: { role: ops, task: x, needs: judge, when: '${when}' }`,
      );
      world.says('judge', BLOCK);
      expect(world.states()).toEqual({ judge: 'failed', publish: 'blocked' });
    },
  );

  test('is what the file says it is, where a condition asks', async () => {
    const world = await of(
      'judge: { role: supervisor, task: x }',
      "good: { type: gate, needs: judge, pass_when: \"judge.verdict in ['approve', 'revise']\" }",
    );
    world.says('judge', { verdict: 'revise' });
    expect(world.states()).toEqual({ judge: 'succeeded', good: 'succeeded' });
  });
});
