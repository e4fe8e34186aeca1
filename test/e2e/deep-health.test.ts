import { expect, it } from 'vitest';
import { checkDeeply, type Denial, judgeDenial, judgeSandbox } from '../../src/health/deep.ts';
import { findSandbox } from '../../src/proc/sandbox.ts';
import { demoCaller } from '../support/demo-host.ts';
import { CLAUDE } from '../support/lab.ts';

const sandbox = await findSandbox('auto', process.env);
if (sandbox.kind === 'none') console.warn(`deep health: tried without a sandbox: ${sandbox.why}`);

it('the installed Claude Code does not do what we deny, with the sandbox and without', async () => {
  const caller = demoCaller(CLAUDE);
  const checks = await checkDeeply(caller.host, new AbortController().signal);
  const held = sandbox.kind === 'none' ? [] : ['denied_write_sandboxed'];
  expect(checks.map(({ name }) => name)).toEqual(['denied_write', ...held, 'sandbox']);
  expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(checks.at(-1)?.status).toBe(sandbox.kind === 'none' ? 'warn' : 'pass');
  expect([caller.left(), caller.touched(), caller.processes()]).toEqual([[], [], []]);
});

const good: Denial = {
  state: 'succeeded',
  posture: { sandbox: 'bubblewrap', shell: 'any', blind: [] },
  told: ['x is outside the write scope (src/**).'],
  outside: [],
  inside: ['src/by-tool.txt', 'src/by-shell.txt'],
};

it.each<[string, Partial<Denial>]>([
  ['a write outside that happened', { outside: ['test/by-tool.txt'] }],
  ['a shell that got out', { outside: ['test/by-shell.txt'] }],
  ['a reason that never arrived', { told: ['denied'] }],
  ['a write inside that did not happen', { inside: ['src/by-shell.txt'] }],
  ['a sandbox in which a shell can do nothing', { inside: ['src/by-tool.txt'] }],
  ['a run that did not end well', { state: 'failed' }],
])('%s is found', (_, fault) => {
  const checks = judgeSandbox({ ...good, ...fault }, 'auto');
  expect(checks.some(({ status, fix }) => status === 'fail' && fix !== undefined)).toBe(true);
});

it('what is in order passes, and no sandbox is told', () => {
  expect(judgeDenial('d', good).status).toBe('pass');
  expect(judgeSandbox(good, 'auto').map(({ status }) => status)).toEqual(['pass', 'pass']);
  const none = { sandbox: 'none', why_none: 'no bwrap', shell: 'none', blind: [] } as const;
  expect(judgeSandbox({ ...good, posture: { ...none, blind: [] } }, 'auto')).toMatchObject([
    { status: 'warn', detail: expect.stringContaining('no bwrap') },
  ]);
});
