import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { workflowJsonSchema } from '../../src/workflows/format/json-schema.ts';
import { problemLine } from '../../src/workflows/format/problems.ts';
import { loadWorkflow } from '../../src/workflows/load.ts';
import { LEAST_CAPS } from '../../src/workspace/budget-caps.ts';

async function told(text: string, files: Record<string, string> = {}): Promise<string[]> {
  const { problems, plan } = await loadWorkflow('w/flow.yaml', text, async (path) => files[path]);
  expect(plan === undefined).toBe(problems.some(({ level }) => level === 'error'));
  return problems.map((problem) => `${problem.code} ${problemLine(problem)}`);
}

/** A file with these nodes, the first of which is in line 2. */
const nodes = (...lines: string[]) => ['nodes:', ...lines.map((line) => `  ${line}`)].join('\n');

describe('one error, with its place and its fix', () => {
  test.each([
    ['', /no_nodes|wrong_type/],
    ['- a', /^wrong_type w\/flow.yaml:1:1: a workflow is a map/],
    ['nodes: {}', /^no_nodes .*:1:8: nodes: there are no nodes/],
    ['nodes: [a]', /^wrong_type .*:1:1: nodes: must be a map/],
    ['id: a\n', /^no_nodes/],
    ['a: [', /^syntax w\/flow.yaml:\d+:\d+:/],
    ['a: !!js/function x\n', /^syntax/],
    [
      nodes('a: { role: review }', 'a: { role: review }'),
      /^duplicate_key .*:3:3: nodes.a: a is there already/,
    ],
    [nodes('a: { role: review }', 'A: { role: review }'), /^duplicate_id .*:3:3: nodes.A:/],
    [
      nodes('../../evil: { role: review }'),
      /^invalid_id .*:2:3: nodes\["..\/..\/evil"\]: .*no path/,
    ],
    [nodes('a.b: { role: review }'), /^invalid_id/],
    [nodes('handoff: { role: review }'), /^invalid_id .*word of expressions/],
    [`id: "../x"\n${nodes('a: { role: review }')}`, /^invalid_id w\/flow.yaml:1:5: id:/],
    [`schema_version: 2\n${nodes('a: { role: review }')}`, /^wrong_value .*:1:17: schema_version/],
    [
      `defualts: {}\n${nodes('a: { role: review }')}`,
      /^unknown_key .*:1:1: defualts: .* Did you mean defaults\?/,
    ],
    [
      nodes('a: { role: review, need: [b] }'),
      /^unknown_key .*:2:22: nodes.a.need: .* Did you mean needs\?/,
    ],
    [
      nodes('a: { role: review, budget: { max_usdd: 1 } }'),
      /^unknown_key .*Did you mean max_usd\?/,
    ],
    [nodes('a: { role: review, needs: 5 }'), /^wrong_type .*:2:29: nodes.a.needs: must be the id/],
    [
      nodes('a: { role: review, task: 5 }'),
      /^wrong_type .* must be a text. Put it into quotes: "5"/,
    ],
    [
      nodes('a: { role: review, timeout_seconds: soon }'),
      /^wrong_type .* nodes.a.timeout_seconds: must be a number/,
    ],
    [
      nodes('a: { role: review, retry: { max_retries: -1 } }'),
      /^wrong_value .* nodes.a.retry.max_retries:/,
    ],
    [nodes('a: { role: review, depends_on: [b] }'), /^unknown_key .*Here it is called needs\./],
    [nodes('a: { role: review, prompt: x }'), /^unknown_key .*Here it is called task\./],
    [nodes('a: { type: approval, question: x, prompt: x }'), /Here it is called question\./],
    [nodes('a: { type: command, command: ls, run: ls }'), /Here it is called command\./],
    [nodes('a: { type: command }'), /^missing_key .*command is missing/],
    [nodes('a: { type: command, command: ls, retry: 99 }'), /^wrong_value .*must be at most 20\. /],
    [nodes('a: { role: review, matrix: { x: [] } }'), /must have at least 1 entry\. /],
    ['nodes: [{ id: a, role: review }]', /^wrong_type .*Give each its id as key/],
    [nodes('a: { task: x }'), /^missing_key .*:2:3: nodes.a: role is missing/],
    [nodes('a: { role: reviw }'), /^unknown_role .*:2:14: nodes.a.role: .* Did you mean review\?/],
    [nodes('a: { type: gat }'), /^wrong_value .*there is no type "gat". Did you mean gate\?/],
    [
      nodes('a: { role: review, needs: [b] }'),
      /^missing_dependency .*:2:30: nodes.a.needs\[0\]: there is no node "b"/,
    ],
    [nodes('a: { role: review, needs: b }'), /^missing_dependency .* nodes.a.needs: /],
    [nodes('a: { role: review, needs: [a] }'), /^cycle_detected .*a → a/],
    [nodes('a: { role: development, allow_write: true }'), /^missing_write_scope/],
    [
      nodes('a: { role: development, allow_write: true, write_scope: { allow: [] } }'),
      /^missing_write_scope/,
    ],
    [
      nodes(
        'a: { role: review }',
        'g: { type: gate, needs: a, on_fail: { retry: b, max_retries: 1 } }',
      ),
      /^missing_retry_target/,
    ],
    [
      nodes(
        'a: { role: review }',
        'b: { role: review }',
        'g: { type: gate, needs: a, on_fail: { retry: b, max_retries: 1 } }',
      ),
      /^invalid_retry_target .*:4:48: .*b does not come before g/,
    ],
    [
      nodes('a: { role: review }', 'g: { type: gate, needs: a, on_fail: { retry: a } }'),
      /^missing_key .*max_retries is missing/,
    ],
    [nodes('a: { role: review, on_failure: { run: b } }'), /^invalid_handler/],
    [
      nodes('a: { role: review, on_failure: { run: b } }', 'b: { type: gate }'),
      /^invalid_handler .*is a gate|no_effect/,
    ],
    [nodes('a: { role: review, when: "false" }'), /^unreachable .*never runs/],
    [
      nodes('a: { role: review, for_each: handoff.b.list }'),
      /^unknown_field .*there is no handoff.b/,
    ],
    [nodes('a: { role: review, matrix: { x: [1], y: [] } }'), /^wrong_value .* nodes.a.matrix.y:/],
    [
      nodes(
        'a: { role: review }',
        'b: { role: review, needs: a, for_each: a.total, matrix: { x: [1] } }',
      ),
      /^invalid_expansion|unknown_field/,
    ],
    [nodes('a: { type: workflow, uses: ../x.yaml }'), /^invalid_uses .*:2:30: nodes.a.uses/],
    [nodes('a: { type: workflow, uses: /x.yaml }'), /^invalid_uses/],
    [nodes('a: { type: workflow, uses: flow.yaml }'), /^recursion .*w\/flow.yaml → w\/flow.yaml/],
    [nodes('a: { type: workflow, uses: x.yaml }'), /^unreadable .*there is no file w\/x.yaml/],
    [
      `delegate: [{ from: review, to: nobody }]\n${nodes('a: { role: review }')}`,
      /^invalid_delegation/,
    ],
    [
      `roles: { review: { role: testing } }\n${nodes('a: { role: review }')}`,
      /^wrong_value .*built-in role/,
    ],
    [`verify_before: { p: g }\n${nodes('a: { role: review }')}`, /^missing_dependency/],
  ])('%j', async (text, expected) => {
    const problems = await told(text);
    expect(problems[0]).toMatch(expected);
    for (const problem of problems) expect(problem).toMatch(/ w\/flow.yaml:\d+:\d+:.*[.?]$/);
  });
});

const FLOW = ['a: { role: review }', 'b: { role: supervisor, needs: a }'];

describe('conditions are checked as far as the file tells', () => {
  test.each([
    ['a.status == "pass"', undefined],
    ['a.findings.blocker == 0', undefined],
    ['b.verdict == "approve"', undefined],
    ['handoff.a.findings == null', undefined],
    ['cost.usd < 1', undefined],
    ['a.state == "succeded"', /a.state is never "succeded". Did you mean succeeded\?/],
    ['a.verdict in ["accept", "good"]', /a.verdict is never "good"/],
    ['b.verdict == "accept"', /b.verdict is never "accept"/],
    ['a.toString == 1', /there is no a.toString/],
    ['a.constructor == a.state', /there is no a.constructor/],
    ['a.findings.blockers == 0', /there is no a.findings.blockers. Did you mean blocker\?/],
    ['count(handoff.a.findings.severty, "blocker") == 0', /Did you mean severity\?/],
    ['a.findings.file != "x"', undefined],
    ['a.attempts == "1"', /a.attempts is a number, and "1" is none/],
    ['a.status', /a.status is a text, and neither true nor false/],
    ['not a.attempts', /a.attempts is a number, and neither true nor false/],
    ['m.exit_code == 0', /m.exit_code is a list.*m.failed/],
    ['m.exit_code in [0, 1]', /m.exit_code is a list/],
    ['0 in m.exit_code and max(m.exit_code) == 0 and m.failed == 0', undefined],
    ['m.status == "pass" and "x" in a.profile', undefined],
    ['a.verdikt == "accept"', /there is no a.verdikt. Did you mean verdict\?/],
    ['handoff.a.nothing == 1', /there is no handoff.a.nothing/],
    ['c.status == "pass"', /there is no c.status/],
    ['cost.eur < 1', /there is no cost.eur. There are: cost.usd/],
    ['a == 1', /a is a node and no value/],
    ['a.status ==', /expected a value.* but it ends/],
    ['d.status == "pass"', /g does not wait for d.*Add d to needs of g/],
  ])('%s', async (condition, expected) => {
    const text = nodes(
      ...FLOW,
      'd: { role: review }',
      'm: { type: command, command: ls, matrix: { x: [1, 2] } }',
      `g: { type: gate, needs: [b, m], pass_when: ['${condition}'] }`,
    );
    const problems = await told(text);
    if (expected === undefined) expect(problems).toEqual([]);
    else expect(problems.join('\n')).toMatch(expected);
  });

  test('with the column inside of the condition', async () => {
    const [problem] = await told(
      nodes(
        ...FLOW,
        'g: { type: gate, needs: b, pass_when: \'a.status == "pass" and a.oops > 1\' }',
      ),
    );
    expect(problem).toMatch(/^unknown_field w\/flow.yaml:4:65: nodes.g.pass_when/);
  });
});

test('all errors are told at once, in the order of the file', async () => {
  const problems = await told(
    [
      'id: ../x',
      'foo: 1',
      nodes(
        'a: { role: reviw }',
        'b: { role: review, needs: [zz], when: "1 +" }',
        'c: { task: 1 }',
      ),
    ].join('\n'),
  );
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'invalid_id',
    'unknown_key',
    'unknown_role',
    'missing_dependency',
    'invalid_expression',
    'missing_key',
    'wrong_type',
  ]);
});

test('cycles are named in order, and what waits for them is told', async () => {
  const problems = await told(
    nodes(
      'a: { role: review, needs: c }',
      'b: { role: review, needs: a }',
      'c: { role: review, needs: b }',
      'd: { role: review, needs: c }',
    ),
  );
  expect(problems.join('\n')).toMatch(
    /cycle_detected .*(a → b → c → a|b → c → a → b|c → a → b → c)/,
  );
  expect(problems.join('\n')).toMatch(/unreachable .* d can never start/);
});

describe('a publishing node stands behind its verifier', () => {
  const flow = (needs: string) =>
    `verify_before: { publish: gate }\n${nodes('work: { role: review }', 'gate: { type: gate, needs: work, pass_when: work.status == "pass" }', 'docs: { role: documentation, needs: work }', `publish: { type: command, command: ["true"], needs: ${needs} }`)}`;
  test.each([
    ['gate', undefined],
    ['[gate, docs]', /not_dominated .*publish can be reached without gate: work → docs → publish/],
    ['docs', /not_dominated/],
    ['[]', /not_dominated .*: publish/],
  ])('needs: %s', async (needs, expected) => {
    const problems = (await told(flow(needs))).join('\n');
    if (expected === undefined) expect(problems).toBe('');
    else expect(problems).toMatch(expected);
  });

  test.each([
    ['[look, test]', '[look, test]', undefined],
    ['[look, test]', 'look', /publish can be reached without look: work → test → publish/],
    ['[look, test, other]', '[look, test]', /without look: other → publish/],
    ['look', '[look, test]', /without test: work → look → publish/],
    ['[look, late]', '[look, late]', /without look: other → late → publish/],
  ])('or behind several side by side: needs %s, verified by %s', async (needs, by, expected) => {
    const text = `verify_before: { publish: ${by} }\n${nodes(
      'work: { role: ops }',
      'other: { role: ops }',
      'look: { role: review, needs: work }',
      'test: { role: testing, needs: work }',
      'late: { type: approval, question: x, needs: [look, other] }',
      `publish: { type: command, command: ["true"], needs: ${needs} }`,
    )}`;
    const problems = (await told(text)).join('\n');
    if (expected === undefined) expect(problems).toBe('');
    else expect(problems).toMatch(expected);
  });

  test('and the verifier must be able to stop it', async () => {
    const text = flow('gate').replace(
      'type: gate, needs',
      'type: gate, on_failure: continue, needs',
    );
    expect((await told(text)).join()).toMatch(/invalid_verifier/);
  });
});

describe('two that write at the same time are told', () => {
  const writer = (allow: string, more = '') =>
    `{ role: development, allow_write: true, write_scope: { allow: [${allow}] }${more} }`;
  test.each([
    [writer('src/'), writer('src/a/'), 1],
    [writer('src/'), writer('"**/*.ts"'), 1],
    [writer('src/'), writer('docs/'), 0],
    [writer('src/'), writer('src/', ', needs: a'), 0],
    [writer('src/'), writer('src/', ', isolation: worktree'), 0],
    [writer('docs/'), writer('src/', ', matrix: { x: [1, 2] }'), 1],
  ])('%s and %s', async (a, b, count) => {
    const problems = await told(nodes(`a: ${a}`, `b: ${b}`));
    expect(problems).toHaveLength(count);
    for (const problem of problems)
      expect(problem).toMatch(/^overlapping_writers .*:3:3: nodes.b:/);
  });
});

describe('what is meant to break the reader', () => {
  const laughs = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh'].map((pair) => [...pair])) {
    laughs.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`);
  }
  test.each([
    ['aliases that multiply', laughs.join('\n')],
    ['an alias of itself', 'a: &a [*a]'],
    ['10 MB', `a: ${'x'.repeat(10 << 20)}`],
    ['deep brackets', `a: ${'['.repeat(100_000)}`],
    ['deep maps', Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['deep dashes', `${'- '.repeat(5000)}a`],
    [
      '1,001 nodes',
      nodes(...Array.from({ length: 1001 }, (_, index) => `n${index}: { role: review }`)),
    ],
    ['100,001 values', `a: [${'1,'.repeat(100_001)}]`],
    ['NUL', 'a: "\0"\0'],
    ['the prototype', nodes('__proto__: { role: review }')],
  ])('%s', async (_, text) => {
    const problems = await told(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('').length).toBeLessThan(20_000);
  });

  test('a thousand mistakes are told up to a hundred', async () => {
    const text = nodes(...Array.from({ length: 1000 }, (_, index) => `n${index}: { rol: review }`));
    expect(await told(text)).toHaveLength(100);
  });
});

test('files use files below their own directory, and their errors have their own names', async () => {
  const text = nodes('a: { type: workflow, uses: parts/b.yaml }');
  expect(await told(text, { 'w/parts/b.yaml': nodes('x: { role: review }') })).toEqual([]);
  const wrong = await told(text, { 'w/parts/b.yaml': nodes('x: { role: reviw }') });
  expect(wrong).toEqual([expect.stringMatching(/^unknown_role w\/parts\/b.yaml:2:/)]);
  const back = { 'w/parts/b.yaml': nodes('x: { type: workflow, uses: ../flow.yaml }') };
  expect((await told(text, back)).join()).toMatch(
    /recursion w\/parts\/b.yaml:2:.*w\/flow.yaml → w\/parts\/b.yaml → w\/flow.yaml/,
  );
});

test("the predecessor's looser files are still read", async () => {
  const text = `
description: as before
defaults: { timeout_seconds: 900, final_only: true, max_output_bytes: 20000, max_events_bytes: 160000, allow_write: true }
nodes:
  a: { type: worker, role: testing, task: t, outputs: handoff.json, mock_status_sequence: [fail, pass] }
  g: { type: gate, needs: a, pass_when: 'a.status == "pass"', on_fail: { retry: a, max_retries: 1 } }
`;
  const problems = await told(text);
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['no_effect', 'no_effect']);
  const { plan } = await loadWorkflow('flow.yaml', text);
  // A real worker reads more than the 20,000 bytes that files of the predecessor usually say.
  expect(plan?.nodes[0]).toMatchObject({ budget: { max_output_bytes: 2_000_000 } });
});

test('the least time of a worker is told where its timeout is written', () => {
  const { wall_seconds } = LEAST_CAPS;
  const told = `a worker has at least ${wall_seconds}`;
  expect(JSON.stringify(workflowJsonSchema())).toContain(told);
  const docs = readFileSync(new URL('../../docs/workflows.md', import.meta.url), 'utf8');
  expect(docs).toContain(`\`timeout_seconds\` (${told})`);
});
