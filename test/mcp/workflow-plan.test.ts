import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, connect, dataOf, machine } from './face.ts';

const OTHER = {
  CC_PROFILE_OTHER_BASE_URL: 'http://127.0.0.1:9',
  CC_PROFILE_OTHER_AUTH_TOKEN: 'face-token-other-1f0c3b7a',
  CC_PROFILE_OTHER_MODEL: 'other-model-1',
};

test('a proposal for a task is a valid file, with batches, routes and no invented cost', async () => {
  const place = machine();
  const { call } = await connect(place);
  writeFileSync(join(place.project, 'package.json'), '{"scripts":{"test":"vitest run"}}');
  mkdirSync(join(place.project, 'src'));
  const data = dataOf(await call('cc_workflow_plan', { task: 'Fix the crash on empty input' }));
  expect(data).toMatchObject({
    pattern: 'bug_fix',
    why: expect.stringContaining('crash'),
    batches: [['reproduce'], ['confirmed'], ['fix'], ['tests', 'review'], ['accepted']],
    runs: { once: 3 },
    routes: [{ profile: 'env:test', model: 'test-model-1', price: 'unknown' }],
    cost: null,
    cost_unknown: { nodes: ['reproduce', 'fix', 'review'], why: expect.stringContaining('fewer') },
    notes: [expect.stringContaining('no other can be used'), expect.stringContaining('no git')],
    next: { tool: 'cc_workflow_plan' },
  });
  const { text } = data as { text: string };
  expect(text).toContain('npm test');
  expect(text).toContain('- src/');
  expect(dataOf(await call('cc_workflow_validate', { text }))).toMatchObject({
    ok: true,
    warnings: [],
  });
  expect(readdirSync(place.project).sort()).toEqual(['package.json', 'src']);
});

test('the reviewer gets another model where there is one, and both are pinned', async () => {
  const place = machine();
  const host = { ...place.host, env: { ...place.env, ...OTHER } };
  const { call } = await connect({ host });
  const data = dataOf(await call('cc_workflow_plan', { task: 'Refactor it', cwd: place.project }));
  const routes = data.routes as { model: string; nodes: string[] }[];
  const by = (node: string) => routes.find(({ nodes }) => nodes.includes(node))?.model;
  expect([by('implementation'), by('review')].sort()).toEqual(['other-model-1', 'test-model-1']);
  expect(data.notes).toContainEqual(expect.stringContaining('review judges by'));
  expect(dataOf(await call('cc_workflow_validate', { text: data.text }))).toMatchObject({
    ok: true,
  });
});

test('a file is written where it is named, inside of the project, and never over another', async () => {
  const place = machine();
  const { call } = await connect(place);
  const plan = (file: string) => call('cc_workflow_plan', { task: 'Review the branch', file });
  expect(dataOf(await plan('flows/new.yaml'))).toMatchObject({
    file: 'flows/new.yaml',
    next: { tool: 'cc_workflow_dry_run', input: { file: 'flows/new.yaml' } },
  });
  const written = readFileSync(join(place.project, 'flows/new.yaml'), 'utf8');
  expect(dataOf(await call('cc_workflow_validate', { file: 'flows/new.yaml' }))).toMatchObject({
    ok: true,
    workflow: 'review',
  });
  expect(codeOf(await plan('flows/new.yaml'))).toBe('BAD_INPUT');
  expect(readFileSync(join(place.project, 'flows/new.yaml'), 'utf8')).toBe(written);

  const outside = join(place.project, '..', 'elsewhere');
  mkdirSync(outside);
  symlinkSync(outside, join(place.project, 'link'));
  symlinkSync(join(outside, 'target.yaml'), join(place.project, 'dangling.yaml'));
  for (const file of ['../x.yaml', join(outside, 'x.yaml'), 'link/x.yaml', 'flows/../../x.yaml']) {
    expect(codeOf(await plan(file)), file).toBe('NOT_ALLOWED');
  }
  for (const file of ['x.sh', 'x', 'x.yaml\u0000', 'dangling.yaml']) {
    expect(codeOf(await plan(file)), file).toBe('BAD_INPUT');
  }
  expect(readdirSync(outside)).toEqual([]);
  expect(existsSync(join(place.project, '..', 'x.yaml'))).toBe(false);
});

test('a pattern can be asked for; one that does not exist is refused with those that do', async () => {
  const { call } = await connect();
  expect(dataOf(await call('cc_workflow_plan', { task: 'x', pattern: 'audit' }))).toMatchObject({
    pattern: 'audit',
    why: 'it was asked for',
  });
  expect(codeOf(await call('cc_workflow_plan', { task: 'x', pattern: 'nonsense' }))).toBe(
    'BAD_INPUT',
  );
  expect(codeOf(await call('cc_workflow_plan', { task: '' }))).toBe('BAD_INPUT');
  expect(codeOf(await call('cc_workflow_plan', {}))).toBe('BAD_INPUT');
});
