import { expect, test } from 'vitest';
import { wakeTarget } from '../../src/runs/wake.ts';

const CODEX = { task: 'x', client: 'codex-mcp-client', threadId: 'thread-1' };
const PATH = '/usr/bin:/bin';

test('a Codex thread is woken when the launch or the policy asks for it', () => {
  const target = { thread: 'thread-1', codex: 'codex' };
  expect(wakeTarget({ PATH }, { ...CODEX, wake: true }, false)).toEqual(target);
  expect(wakeTarget({ PATH }, CODEX, true)).toEqual(target);
  expect(wakeTarget({ PATH }, CODEX, false)).toBeUndefined();
  expect(wakeTarget({ PATH }, { ...CODEX, wake: false }, true)).toBeUndefined();
});

test('others cannot be woken; only who asks for it is told so', () => {
  const claude = { task: 'x', client: 'claude-code' };
  expect(wakeTarget({ PATH }, claude, true)).toBeUndefined();
  expect(() => wakeTarget({ PATH }, { ...claude, wake: true }, false)).toThrow('Only a Codex');
  const nameless = { task: 'x', client: 'codex-mcp-client', wake: true };
  expect(() => wakeTarget({ PATH }, nameless, false)).toThrow('Only a Codex');
});

test.each([
  [{ CODEX_HOME: '/c', PATH }, '/c'],
  [
    { PATH: `/home/u/.codex/tmp/arg0-linux/codex-arg0FPptsG:/opt/codex-path:${PATH}` },
    '/home/u/.codex',
  ],
  [{ PATH: `/opt/x:/my codex/tmp/arg0-linux/codex-arg0a:${PATH}` }, '/my codex'],
  [{ PATH }, undefined],
])('finds the home of Codex in %j', (env, home) => {
  expect(wakeTarget(env, { ...CODEX, wake: true }, false)?.codex_home).toBe(home);
});

test('the program is the one that Codex says it is, if that is a path', () => {
  const of = (codexPath: string) =>
    wakeTarget({ PATH }, { ...CODEX, wake: true, codexPath }, false)?.codex;
  expect(of('/opt/codex/bin/codex')).toBe('/opt/codex/bin/codex');
  expect(of('codex; rm -rf /')).toBe('codex');
});
