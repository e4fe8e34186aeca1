import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { byteLength } from '../../src/core/text.ts';
import { codeOf, connect, dataOf, machine } from './face.ts';
import { storeFinishedRun } from './runs.ts';

const FLOW = 'nodes: { a: { role: review, task: Look. } }';

test('only files of the project are read, also through links and by other files', async () => {
  const place = machine();
  const { call } = await connect(place);
  const outside = join(place.project, '..', 'outside.yaml');
  writeFileSync(outside, FLOW);
  mkdirSync(join(place.project, 'flows'));
  symlinkSync(outside, join(place.project, 'flows', 'link.yaml'));
  writeFileSync(join(place.project, 'above.yaml'), FLOW);
  writeFileSync(join(place.project, 'flows/ok.yaml'), FLOW);
  const validate = (file: string) => call('cc_workflow_validate', { file });
  for (const file of ['../outside.yaml', outside, 'flows/link.yaml']) {
    expect(codeOf(await validate(file)), file).toBe('NOT_ALLOWED');
  }
  for (const file of ['flows', 'none.yaml', 'above.yaml/x']) {
    expect(codeOf(await validate(file)), file).toBe('NOT_FOUND');
  }
  const uses = async (file: string) => {
    writeFileSync(
      join(place.project, 'flows/user.yaml'),
      `nodes: { w: { type: workflow, uses: ${file} } }`,
    );
    return dataOf(await validate('flows/user.yaml'));
  };
  expect(await uses('ok.yaml')).toMatchObject({ ok: true, nodes: 1 });
  expect(await uses('../above.yaml')).toMatchObject({ errors: [{ code: 'invalid_uses' }] });
  expect(await uses('link.yaml')).toMatchObject({ errors: [{ code: 'unreadable' }] });
});

test('a wrong file is a result with every error, and no failed call', async () => {
  const { call } = await connect();
  const text = 'nodes:\n  a: { role: reviw }\n  b: { role: review, needs: [c] }\n';
  expect(dataOf(await call('cc_workflow_validate', { text }))).toMatchObject({
    ok: false,
    errors: [
      { line: 2, path: 'nodes.a.role', code: 'unknown_role', fix: 'Did you mean review?' },
      { line: 3, path: 'nodes.b.needs[0]', code: 'missing_dependency' },
    ],
  });
  expect(dataOf(await call('cc_workflow_dry_run', { text }))).toMatchObject({ ok: false });
  expect(codeOf(await call('cc_workflow_validate', { text, file: 'x' }))).toBe('BAD_INPUT');
});

test('a dry run tells batches, routes and the most it can cost, and starts nothing', async () => {
  const { call } = await connect();
  const text = `
defaults: { timeout_seconds: 100, budget: { max_usd: 0.5 } }
nodes:
  a: { role: review, task: Look. }
  b: { role: review, task: Look., retry: 1, matrix: { x: [1, 2] } }
  c: { role: review, needs: [a, b], profile: nobody }
`;
  expect(dataOf(await call('cc_workflow_dry_run', { text }))).toMatchObject({
    ok: true,
    unroutable: ['c'],
    batches: [['a', 'b'], ['c']],
    fan_in: { c: 2 },
    runs: { once: 4, at_most: 6 },
    longest: { seconds: 200 },
    ceiling: { once: { usd: 2 }, at_most: { usd: 3 }, uncapped: [] },
    routes: [
      { profile: 'env:test', model: 'test-model-1', price: 'unknown', nodes: ['a', 'b'] },
      { nodes: ['c'], error: expect.stringContaining('nobody') },
    ],
  });
});

test('a thousand nodes fit into a bounded answer', async () => {
  const { call } = await connect();
  const lines = Array.from(
    { length: 1000 },
    (_, i) => `  node-number-${i}: { role: review, task: Look. }`,
  );
  const data = dataOf(await call('cc_workflow_dry_run', { text: `nodes:\n${lines.join('\n')}\n` }));
  expect(byteLength(JSON.stringify(data))).toBeLessThanOrEqual(16_000);
  expect(data).toMatchObject({ ok: true, runs: { once: 1000 } });
});

test('the handoff of a run without a structured answer can be asked for', async () => {
  const place = machine();
  const { call } = await connect(place);
  const { id } = await storeFinishedRun(place);
  expect(dataOf(await call('cc_handoff_validate', { run_id: id }))).toMatchObject({
    ok: false,
    problems: [{ problem: 'the run has no structured answer' }],
  });
  const { prompt } = dataOf(await call('cc_handoff_repair_prompt', { run_id: id })) as {
    prompt: string;
  };
  expect(prompt).toContain('status, summary');
});

test('what could not start in this place is refused before anything starts, all at once', async () => {
  const place = machine();
  const { call } = await connect(place);
  const text = `
defaults: { profile: nosuch }
nodes:
  first: { role: research, task: Costs money., profile: neither }
  build: { type: command, needs: first, command: [make], directory: ../.. }
  write:
    role: implementation
    task: Write.
    needs: build
    allow_write: true
    write_scope: { allow: [src/, ../x/**], deny: ['../y/'] }
`;
  const paths = [
    { path: 'nodes.build.directory', line: 5, code: 'outside_project' },
    { path: 'nodes.write.write_scope.allow[1]', line: 11, code: 'outside_project' },
    { path: 'nodes.write.write_scope.deny[0]', line: 11, code: 'outside_project' },
  ];
  const started = dataOf(await call('cc_workflow_run', { text }));
  expect(started).toMatchObject({
    ok: false,
    errors: [
      { path: 'defaults.profile', line: 2, code: 'unknown_profile' },
      {
        path: 'nodes.first.profile',
        line: 4,
        code: 'unknown_profile',
        fix: expect.stringContaining('cc_list_profiles'),
      },
      ...paths,
    ],
  });
  expect(existsSync(join(place.project, '.agent-workspace'))).toBe(false);
  for (const tool of ['cc_workflow_validate', 'cc_workflow_dry_run']) {
    expect(dataOf(await call(tool, { text }))).toMatchObject({ ok: false, errors: paths });
  }
  // Above the directory it is started in, and still in the project.
  mkdirSync(join(place.project, 'sub/deep'), { recursive: true });
  mkdirSync(join(place.project, '.git'));
  const inside = text.replaceAll('../..', '..');
  const cwd = join(place.project, 'sub/deep');
  expect(dataOf(await call('cc_workflow_validate', { text: inside, cwd }))).toMatchObject({
    ok: true,
  });
});
