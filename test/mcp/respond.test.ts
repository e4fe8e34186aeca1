import { expect, test } from 'vitest';
import { connect, dataOf, errorOf, machine, textOf } from './face.ts';
import { storeFinishedRun } from './runs.ts';

test('data is structured content and the same JSON as text', async () => {
  const { call } = await connect();
  const result = await call('cc_list_profiles', {});
  expect(JSON.parse(textOf(result))).toEqual(dataOf(result));
});

test('Codex gets one line beside the structured content', async () => {
  const { call } = await connect({ client: 'codex-mcp-client' });
  const result = await call('cc_list_profiles', {});
  expect(dataOf(result)).toHaveProperty('profiles');
  expect(textOf(result)).toBe('See structuredContent.');
});

test.each(['codex-mcp-client', 'claude-code'])(
  '%s gets a diff as plain text only',
  async (client) => {
    const place = machine();
    const { id } = await storeFinishedRun(place);
    const { call } = await connect({ host: place.host, client });
    const result = await call('cc_git_diff', { run_id: id });
    expect(result.structuredContent).toBeUndefined();
    expect(textOf(result)).toBe('This run was read-only; it could not change files.');
  },
);

test.each(['codex-mcp-client', 'claude-code'])('%s gets an error in both forms', async (client) => {
  const { call } = await connect({ client });
  const result = await call('cc_poll_run', { run_id: 'run_20261121t110900123z_k3v7qa2m' });
  const error = errorOf(result);
  expect(result.structuredContent).toEqual({ ok: false, error });
  expect(error).toMatchObject({ code: 'RUN_NOT_FOUND', retryable: false });
  expect(textOf(result)).toBe(`RUN_NOT_FOUND: ${error.message}\n${error.hint}`);
});

test('an unknown tool is named with those there are', async () => {
  const { call } = await connect();
  const error = errorOf(await call('cc_no_such_tool', {}));
  expect(error.code).toBe('UNKNOWN_TOOL');
  expect(error.hint).toContain('cc_run_agent');
});

test('an unknown argument is refused with the valid ones', async () => {
  const { call } = await connect();
  const error = errorOf(await call('cc_poll_run', { params: { run_id: 'x' } }));
  expect(error).toMatchObject({
    code: 'UNKNOWN_ARGUMENT',
    message: 'cc_poll_run has no argument params.',
    hint: 'Valid arguments: run_id, cursor, mode, max_bytes, cwd.',
  });
});

test('an unknown argument inside a group is named with its place', async () => {
  const { call } = await connect();
  const error = errorOf(await call('cc_run_agent', { task: 'x', scope: { globs: ['**'] } }));
  expect(error.message).toContain('scope');
  expect(error.message).toContain('globs');
});

test('values are not repeated in an error, they may be secret', async () => {
  const { call } = await connect();
  const result = await call('cc_poll_run', { run_id: `sk-ant-${'a'.repeat(80)}` });
  expect(JSON.stringify(result)).not.toContain('aaaaaaaaaa');
});

test('a token of the environment is in no result', async () => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  const results = [
    await call('cc_list_profiles', { all: true }),
    await call('cc_pick_profile', {}),
    await call('cc_run_agent', { task: 'x', dry_run: true }),
    await call('cc_healthcheck', {}),
  ];
  const token = place.env.CC_PROFILE_TEST_AUTH_TOKEN ?? 'missing';
  for (const result of results) {
    expect(result.isError).toBeUndefined();
    expect(JSON.stringify(result)).not.toContain(token);
  }
});
