import { expect, test } from 'vitest';
import { type ReportFacts, workflowReport } from '../../src/workflows/views/report.ts';
import { Random } from '../support/random.ts';
import { fateOf, Player } from './player.ts';
import { randomFlow } from './random-flow.ts';
import { planOf, World } from './world.ts';

const REFACTORING = `
id: safe-refactor
nodes:
  requirements: { role: requirements, task: What must stay? }
  implementation:
    role: implementation
    task: Do it.
    needs: requirements
    allow_write: true
    write_scope: { allow: [src/] }
  testing: { role: testing, task: Test it., needs: implementation }
  review: { role: review, task: Review it., needs: implementation }
  quality_gate:
    type: gate
    needs: [testing, review]
    pass_when: ['testing.status == "pass"', review.blocking_count == 0]
    on_fail: { retry: implementation, max_retries: 2 }
  supervisor: { role: supervisor, task: Judge it., needs: quality_gate }
`;

function reportOf({ plan, first, journal }: World, more: Partial<ReportFacts> = {}) {
  const facts = { plan, first, events: journal, file: 'flow.yaml', mock: false, journal: 'j' };
  return workflowReport({ ...facts, ...more });
}

/** The texts, in this order. */
function inOrder(text: string, parts: readonly string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    expect(at, `${part}\n… does not come after the one before in\n${text}`).toBeGreaterThanOrEqual(
      0,
    );
    from = at + part.length;
  }
}

test('the report of a refactoring with a blocker tells every decision in order', async () => {
  const world = await World.of(REFACTORING);
  world.end('requirements');
  const round = (verdict: 'investigate' | 'accept') => {
    const key = world.key('implementation');
    world.happen({
      type: 'run_started',
      key,
      run_id: `run_${verdict}`,
      profile: 'p1',
      model: 'm1',
    });
    world.end('implementation', { model: 'm1', profile: 'p1' });
    const tests = { passed: 41, failed: 0, skipped: 0 };
    world.happen({
      type: 'run_verified',
      key,
      verdict,
      risk: 0.2,
      reasons: ['it was looked at'],
      tests,
    });
    world.end('testing', { model: 'm2', profile: 'p2' });
  };
  round('investigate');
  world.says('review', { blocking_issues: ['The cache is never emptied'], summary: 'Not yet.' });
  round('accept');
  world.end('review', { usage: { usd: null, tokens: 50, elapsed_ms: 1 } });
  world.end('supervisor');
  expect(world.instance.state).toBe('succeeded');
  const { text, short } = reportOf(world);
  inOrder(text, [
    '# Workflow safe-refactor: succeeded',
    '| Rounds | 2 |',
    'at least $',
    '## What happened',
    'The workflow started.',
    'requirements succeeded',
    'implementation started as run run_investigate, by `p1` `m1`',
    'implementation handed over',
    'our verdict is **investigate** (risk 0.2; tests: 41 passed, 0 failed): `it was looked at`',
    'implementation succeeded (verdict investigate, tests 41 passed, 0 failed, $0.0100)',
    'review succeeded: `Not yet.`',
    'Gate quality_gate did **not pass**; back to implementation (retry 1 of 2, round 2):',
    '`review.blocking_count == 0 does not hold (review.blocking_count is 1)`',
    'Taken back: implementation, testing, review, quality_gate.',
    'run_accept',
    'our verdict is **accept**',
    'Gate quality_gate passed:',
    '`review.blocking_count == 0` holds: `review.blocking_count is 0`',
    'supervisor succeeded',
    '**The workflow is succeeded**',
    '## Nodes',
    '| implementation | agent | succeeded | 2 | 1 |',
    '## Costs',
    '| implementation | 2 | $0.0200 | 200 |',
    '| review | 2 | at least $0.0100 | 150 |',
    '| `p1` | 2 |',
    '| `m2` | 2 |',
    '## Handed over',
    '- **implementation** (implementation): says `pass`',
    '- **supervisor** (supervisor): says `pass`; verdict `approve`',
    '## Stale evidence',
    '- implementation, round 1 (stale): was succeeded',
    '- review, round 1 (stale)',
    '## Not known',
    'What these cost: a run had no known price, or was ended before it told all it used: review.',
    'nothing of ours checked it: requirements, testing, review, supervisor.',
  ]);
  expect(text).not.toContain('MOCK');
  inOrder(short, [
    '# Workflow safe-refactor',
    '## Latest',
    'earlier',
    '**The workflow is succeeded**',
  ]);
  expect(short.length).toBeLessThan(5000);
});

test('what failed and was taken back for it at once is told with its reason', async () => {
  const world = await World.of(
    `nodes:
  fix: { role: ops, task: x }
  look: { role: review, task: y, needs: fix }
  left: { role: ops, task: z, when: 'fix.status == "fail"', needs: fix }
  good: { type: gate, needs: [look, left], on_fail: { retry: fix, max_retries: 1 } }`,
  );
  world.end('fix');
  world.fails('look', 'the line was cut');
  world.end('fix');
  world.says('look', { findings: [] });
  inOrder(reportOf(world).text, [
    'look **failed**: `the run ended failed: the line was cut`',
    'Gate good did **not pass**; back to fix',
    'Gate good passed: every need passed or was left out: left.',
  ]);
});

test('retries with reasons, refused starts, approvals with who, stops, resumes and grants are told', async () => {
  const world = await World.of(`
id: release
budget: { max_runs: 20, max_usd: 10 }
delegate: [{ from: build, to: testing, max_runs: 1 }]
roles: { build: { role: implementation } }
nodes:
  build: { role: build, task: x, retry: { max_retries: 2, backoff_seconds: 30 } }
  ask: { type: approval, needs: build, question: "Publish?" }
  tests: { type: command, command: [npm, test], needs: ask, on_failure: continue }
  publish: { role: ops, task: y, needs: tests }
  after: { role: documentation, task: z, needs: publish }
`);
  const key = () => world.key('build');
  world.happen({ type: 'start_refused', key: key(), text: 'no free place', retry_after_ms: 1 });
  world.happen({ type: 'woken' }, 5);
  world.happen({ type: 'run_started', key: key(), run_id: 'run_1' });
  const asked = { parent: key(), role: 'testing', task: 'try it' };
  world.happen({ type: 'delegation_asked', request: 'r1', ...asked });
  world.happen({ type: 'delegation_asked', request: 'r2', ...asked });
  world.happen(world.ended(`${key()}>1`));
  world.fails('build', 'the model was overloaded');
  world.happen({ type: 'woken' }, 60);
  world.end('build');
  world.happen({
    type: 'approval_given',
    key: world.key('ask'),
    decision: 'approved',
    by: 'ann',
    comment: 'go on',
  });
  world.happen({
    type: 'command_ended',
    key: world.key('tests'),
    exit_code: 1,
    elapsed_ms: 5,
    output_tail: '3 failed',
  });
  world.happen({ type: 'stop_asked', by: 'bob', text: 'too late today' });
  world.end('publish');
  world.happen({ type: 'resume_asked', by: 'ann', limits: { max_usd: 12 } });
  world.fails('publish', 'no route');
  world.happen({ type: 'retry_asked', node: 'publish', by: 'ann', text: 'the route is back' });
  const { text } = reportOf(world);
  inOrder(text, [
    'build could not start: `no free place`',
    'build launched a run of role `testing` out of its own budget: `try it`',
    'build wanted to launch a run of role `testing`; refused: `1 runs were launched`',
    'build: attempt 1 failed: `the run ended failed: the model was overloaded` It is tried again at',
    'build succeeded',
    'ask asks: `Publish?`',
    'Nothing else can go on until somebody decides.',
    'ask succeeded: `approved by ann: go on`',
    'tests runs the command `npm test`',
    'tests **failed**: `exit code 1: 3 failed` The file lets the rest go on.',
    '`bob` stopped the workflow: `too late today`',
    'publish: its run ended succeeded, as it was told to.',
    '**The workflow is stopped**',
    '`ann` resumed the workflow, now with max_usd 12.',
    'publish **failed** ($0.0100): `the run ended failed: no route`',
    'after is blocked: `it needs publish',
    '`ann` had publish done again: `the route is back`',
    'Taken back: publish, after.',
    '**The workflow is needs_rerun**',
  ]);
  expect(text).toContain('| build | 3 | $0.0300 |');
  expect(text).toContain('publish and what came of it are to be done again, once it is resumed');
});

test('what workers, files and people write stays quoted: no Markdown, no HTML, no table cell, no secret', async () => {
  const token = `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2).slice(0, 36)}`;
  const evil = `x\n# Fake heading\n| a | b |\n\`\`\`\n<script>alert(1)</script> [click](http://evil) ![i](http://evil) \u001b[31m ${token} \`code\` **bold**`;
  const world = new World(
    await planOf(
      `nodes:\n  a: { role: review, task: x }\n  ask: { type: approval, question: ${JSON.stringify(evil)} }\n`,
    ),
    evil,
  );
  world.happen({ type: 'started' });
  const key = world.key('a');
  world.happen({ type: 'run_started', key, run_id: 'run_1', profile: evil, model: evil });
  world.says('a', { status: 'fail', summary: evil, blocking_issues: [evil], verdict: evil });
  world.happen({
    type: 'approval_given',
    key: world.key('ask'),
    decision: 'rejected',
    by: evil,
    comment: evil,
  });
  const { text, short } = reportOf(world, { file: evil });
  for (const report of [text, short]) {
    expect(report).not.toContain(token);
    const prose = report.replaceAll(/`[^`\n]*`/g, '');
    for (const bad of ['script', 'evil', 'Fake', '`', 'alert', 'bold']) {
      expect(prose, bad).not.toContain(bad);
    }
    expect(report).not.toContain('\u001b');
    const headings = report.split('\n').filter((line) => line.startsWith('#'));
    for (const line of headings)
      expect(line).toMatch(
        /^#{1,2} (Workflow|What happened|Nodes|Costs|Handed over|Not known|Latest)/,
      );
    const rows = report.split('\n').filter((line) => line.startsWith('|'));
    const cells = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
    expect(
      cells.every((count) => [4, 6, 10].includes(count)),
      rows.join('\n'),
    ).toBe(true);
  }
});

test('a day that is not the first stands beside the time', async () => {
  const world = await World.of('nodes: { a: { role: review, task: x } }');
  world.now += 86_400_000;
  world.end('a');
  expect(reportOf(world).text).toMatch(/- 2026-11-22 10:00:02 a succeeded/);
  expect(reportOf(world).text).toMatch(/- 10:00:01 The workflow started/);
});

test('a mock is marked loudly, and a workflow under way as not over', async () => {
  const world = await World.of('nodes: { a: { role: review, task: x } }');
  const { text, short } = reportOf(world, { mock: true });
  for (const report of [text, short]) {
    expect(report).toContain('**MOCK: no worker ran');
    expect(report).toContain('(it is not over)');
  }
  expect(text).toContain('nothing is known to have been spent');
});

test('random workflows: every node is in the report, money adds up, and it is bounded', async () => {
  for (let seed = 1; seed <= 15; seed += 1) {
    const random = new Random(seed);
    const world = new World(await planOf(randomFlow(random, { gates: true, budget: true })));
    new Player(world, random, fateOf(seed)).play();
    const { text } = reportOf(world);
    const { nodes, spent } = world.instance;
    for (const { id } of nodes) expect(text).toMatch(new RegExp(`^\\| ${id} \\| `, 'm'));
    const costs = text.slice(text.indexOf('| Node | Runs'), text.indexOf('| Profile |'));
    const sum = [...costs.matchAll(/\$(\d+\.\d+)/g)].reduce((all, [, usd]) => all + Number(usd), 0);
    expect(sum).toBeCloseTo(spent.usd, 2);
    for (const { id, stale } of nodes) {
      for (const { round } of stale) expect(text).toContain(`- ${id}, round ${round} (stale)`);
    }
  }
});

test('a story of many thousand entries is cut in the middle and says where the rest is', async () => {
  const nodes = Array.from(
    { length: 320 },
    (_, i) => `  n${i}: { type: command, command: "true" }`,
  );
  const { plan, first } = new World(
    await planOf(`max_concurrent: 64\nnodes:\n${nodes.join('\n')}\n`),
  );
  const time = first.created;
  const output_tail = '語'.repeat(2000);
  const ends = nodes.map((_, at) => {
    const command = { key: `wf/n${at}/1.1`, exit_code: 1, elapsed_ms: 1, output_tail };
    return { type: 'command_ended' as const, time, ...command };
  });
  const events = [{ type: 'started' as const, time }, ...ends];
  const facts = { plan, first, events, file: 'f', mock: false, journal: '/there/journal.ndjson' };
  const { text, short } = workflowReport(facts);
  expect(Buffer.byteLength(text)).toBeLessThan(700_000);
  expect(text).toMatch(
    /… \d+ entries are left out here; every event is in `\/there\/journal.ndjson`/,
  );
  expect(text).toContain('The workflow is failed');
  expect(text).toContain('more nodes are not shown');
  expect(Buffer.byteLength(short)).toBeLessThan(8000);
});

test('it counts one thing as one, and tells nothing where there is nothing to tell', async () => {
  const world = await World.of(`
nodes:
  many: { role: research, task: x, matrix: { x: [1, 2] } }
  write: { role: implementation, task: x, allow_write: true, write_scope: { allow: [src/] } }
  check: { type: gate, needs: write, pass_when: ['write.status == "fail"'], on_fail: { retry: write, max_retries: 1 } }
`);
  world.end('many', {}, 0);
  world.end('many', {}, 1);
  for (let round = 0; round < 2; round += 1) {
    const key = world.key('write');
    world.end('write');
    const verified = { verdict: 'accept', reasons: [], changed_files: 1 } as const;
    world.happen({ type: 'run_verified', key, ...verified });
  }
  const { text } = reportOf(world);
  expect(text).toContain('our verdict is **accept**\n');
  expect(text).toContain('1 file changed');
  expect(text).toContain('its 1 retry is used up');
  expect(text).toContain('| 2 tasks |');
});
