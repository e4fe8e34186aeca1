import { expect, test } from 'vitest';
import { isOwnConfig, ownConfig } from '../../src/git/own-config.ts';

test('what we write is known as ours', () => {
  for (const format of ['sha1', 'sha256'] as const) {
    const config = ownConfig(format, [
      ['filemode', 'true'],
      ['symlinks', 'false'],
    ]);
    expect(isOwnConfig(config)).toBe(true);
  }
});

test.each([
  ['nothing', ''],
  ['another key', `${ownConfig('sha1', [])}\tfsmonitor = ./x\n`],
  ['another section', `${ownConfig('sha1', [])}[filter "x"]\n\tclean = ./x\n`],
  ['an include', `${ownConfig('sha1', [])}[include]\n\tpath = more\n`],
  ['another value', ownConfig('sha1', []).replace('bare = false', 'bare = true')],
  ['a value that goes on', ownConfig('sha1', []).replace('bare = false', 'bare = \\')],
  ['no line end', ownConfig('sha1', []).trimEnd()],
  ['one of an earlier version', ownConfig('sha1', []).replace(/.*excludesFile.*\n/, '')],
])('%s is not', (_, config) => {
  expect(isOwnConfig(config)).toBe(false);
});
