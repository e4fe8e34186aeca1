import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unprinted, type Walk, walkThrough } from '../support/walkthrough.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cc-walk-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const PLAIN: Walk = { skipped: {}, instead: {}, values: {} };
const RUN = 'run_20261121t110900123z_k3v7qa2m';

function walk(commands: string, plan: Partial<Walk> = {}) {
  const env = { PATH: process.env.PATH ?? '', HOME: dir };
  const place = { dir, cwd: dir, env };
  return walkThrough(`\`\`\`sh\n${commands}\n\`\`\`\n`, { ...PLAIN, ...plan }, place);
}

test('directory, variables, aliases and the run id last from command to command', async () => {
  const steps = await walk(
    `mkdir sub && cd sub   # a comment
export NAME=value
alias say="echo said"
echo ${RUN} and run_20261121t110900456z_m2c5xw7t
say "$NAME" <run id> \\
  "$PWD" <word>`,
    { values: { word: 'filled' } },
  );
  expect(steps.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(steps.at(-1)?.stdout.trim()).toBe(`said value ${RUN} ${join(dir, 'sub')} filled`);
});

test('the walk ends at the first unexpected exit code', async () => {
  const steps = await walk('false\ntrue\nfalse\ntrue', { codes: { false: [1, 0] } });
  expect(steps.map(({ command, code }) => [command, code])).toEqual([
    ['false', 1],
    ['true', 0],
    ['false', 1],
  ]);
});

test('a command is left out or replaced by its whole text only', async () => {
  const steps = await walk('npm test\nnpm test -- x', {
    skipped: { 'npm test': 'why' },
    instead: { 'npm test -- x': 'echo instead' },
  });
  expect(steps.map(({ stdout }) => stdout)).toEqual(['instead\n']);
});

test('what is of no use any more, and what nobody can fill in, is an error', async () => {
  await expect(walk('true', { skipped: { gone: 'why' } })).rejects.toThrow('no command: gone');
  await expect(walk('echo <nobody knows>')).rejects.toThrow('<nobody knows>');
});

test('output that a document shows has to be printed', async () => {
  const steps = await walk('echo "usd: 0.25 (more)"');
  expect(unprinted('```text\nusd: 0.… (more)\n```', steps)).toEqual([]);
  expect(unprinted('```text\nusd: 0.…\nusd: 1…\n```\n```\nnothing\n```', steps)).toEqual([
    'usd: 1…',
  ]);
});
