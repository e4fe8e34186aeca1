import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

const SAFE_REFACTOR = `
schema_version: 1
id: safe-refactor
defaults: { timeout_seconds: 900, final_only: true }
nodes:
  requirements: { role: requirements, task: Say what is wanted., outputs: [requirements] }
  implementation:
    role: implementation
    task: Do it.
    needs: [requirements]
    allow_write: true
    write_scope: { allow: [src/, tests/], deny: [.env*], max_diff_lines: 800 }
    outputs: [changed_files]
  testing: { role: testing, task: Test it., needs: implementation, outputs: [tests_run] }
  review: { role: review, task: Review it., needs: [implementation], outputs: [findings] }
  quality_gate:
    type: gate
    needs: [testing, review]
    pass_when: ['testing.status == "pass"', 'review.blocking_count == 0']
    on_fail: { retry: implementation, max_retries: 2 }
  supervisor: { role: supervisor, task: Judge it., needs: [quality_gate] }
`;

describe('the safe refactoring of the predecessor', () => {
  test('goes through node by node', async () => {
    const world = await World.of(SAFE_REFACTOR);
    expect(world.started()).toEqual(['requirements']);
    expect(world.instance.state).toBe('running');
    world.end('requirements');
    expect(world.started()).toEqual(['requirements', 'implementation']);
    const [verify] = world.end('implementation');
    expect(verify).toMatchObject({ type: 'verify_run', node: 'implementation' });
    const effects = world.verified('implementation');
    expect(world.started(effects)).toEqual(['testing', 'review']);
    world.end('review');
    world.end('testing');
    expect(world.node('quality_gate')).toMatchObject({
      state: 'succeeded',
      reason: { code: 'gate_passed' },
    });
    world.end('supervisor');
    expect(world.instance).toMatchObject({ state: 'succeeded', open: 0, live: 0 });
    expect(Object.values(world.states())).toEqual(Array(6).fill('succeeded'));
  });

  test('goes back with the reasons when the review finds a blocker, and only that far', async () => {
    const world = await World.of(SAFE_REFACTOR);
    world.end('requirements');
    world.end('implementation');
    world.verified('implementation');
    world.end('testing');
    const effects = world.says('review', { blocking_issues: ['it loses data'] });
    expect(world.started(effects)).toEqual(['implementation']);
    expect(effects[0]).toMatchObject({ round: 2, try: 1, key: 'wf/implementation/2.1' });
    expect(world.states()).toEqual({
      requirements: 'succeeded',
      implementation: 'running',
      testing: 'needs_rerun',
      review: 'needs_rerun',
      quality_gate: 'needs_rerun',
      supervisor: 'pending',
    });
    expect(world.node('implementation').advice).toEqual([
      'review.blocking_count == 0 does not hold (review.blocking_count is 1)',
      'review: it loses data',
      'review: major: An empty list makes it throw. (src/parse.ts:12)',
    ]);
    expect(world.node('review').stale).toMatchObject([{ round: 1, state: 'succeeded' }]);
    expect(world.node('quality_gate').stale).toMatchObject([
      {
        round: 1,
        state: 'failed',
        code: 'gate_failed',
        text: 'review.blocking_count == 0 does not hold (review.blocking_count is 1)',
      },
    ]);
    world.end('implementation');
    world.verified('implementation');
    world.end('testing');
    world.end('review');
    world.end('supervisor');
    expect(world.instance).toMatchObject({ state: 'succeeded', round: 2 });
  });

  test('fails when the retries of the gate are used up', async () => {
    const world = await World.of(SAFE_REFACTOR);
    world.end('requirements');
    for (let round = 1; round <= 3; round += 1) {
      world.end('implementation');
      world.verified('implementation');
      world.end('testing');
      world.says('review', { blocking_issues: ['still'] });
    }
    expect(world.instance.state).toBe('failed');
    expect(world.node('quality_gate').reason).toMatchObject({ code: 'gate_failed' });
    expect(world.node('supervisor')).toMatchObject({
      state: 'blocked',
      reason: { code: 'need_failed' },
    });
    expect(world.started().filter((task) => task === 'implementation')).toHaveLength(3);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
  ])('loop_guard %i means exactly %i rounds', async (guard, rounds) => {
    const world = await World.of(
      `loop_guard: ${guard}\n${SAFE_REFACTOR.replace('max_retries: 2', 'max_retries: 9')}`,
    );
    world.end('requirements');
    let done = 0;
    while (world.instance.state === 'running') {
      world.end('implementation');
      world.verified('implementation');
      world.end('testing');
      world.says('review', { blocking_issues: ['still'] });
      done += 1;
    }
    expect(done).toBe(rounds);
    expect(world.node('quality_gate').reason).toMatchObject({ code: 'loop_guard' });
  });
});
