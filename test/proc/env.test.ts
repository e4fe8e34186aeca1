import { expect, it } from 'vitest';
import { allowedEnvironment } from '../../src/proc/env.ts';

it('lets the harmless through and holds back what could be a secret', () => {
  const harmless = {
    PATH: '/bin',
    HOME: '/home/u',
    LANG: 'C',
    LC_ALL: 'C.UTF-8',
    XDG_CONFIG_HOME: '/x',
    https_proxy: 'http://proxy:3128',
    SSH_AUTH_SOCK: '/tmp/agent',
    VIRTUAL_ENV: '/venv',
  };
  const held = {
    ANTHROPIC_API_KEY: 'k',
    ANTHROPIC_BASE_URL: 'http://x',
    AWS_SECRET_ACCESS_KEY: 'k',
    GITHUB_TOKEN: 'k',
    NODE_OPTIONS: '--require /x',
    LD_PRELOAD: '/x',
    CLAUDE_CODE_ENTRYPOINT: 'x',
    PATHX: 'x',
    MY_XDG_: 'x',
  };
  expect(allowedEnvironment({ ...harmless, ...held })).toEqual(harmless);
});

it('lets through what a policy names, in any case, and nothing that only resembles it', () => {
  const source = { My_Token: 'a', MY_TOKEN_2: 'b', OTHER: undefined };
  expect(allowedEnvironment(source, ['my_token', 'OTHER'])).toEqual({ My_Token: 'a' });
});

it('keeps empty values and is not fooled by inherited names', () => {
  expect(allowedEnvironment({ TERM: '' })).toEqual({ TERM: '' });
  expect(Object.keys(allowedEnvironment({}, ['__proto__', 'constructor']))).toEqual([]);
});
