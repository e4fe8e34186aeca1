import { expect, it } from 'vitest';
import { identityOf, isAlive } from '../../src/proc/identity.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { withWallGuard } from '../../src/proc/wall-guard.ts';
import { adopt, cutOff, eventually, fixturePath, startProgram } from '../support/processes.ts';

const NAME = 'CC_TEST_COOKIE';

function guarded(words: string[], seconds: number, value: string) {
  const command = { file: process.execPath, args: [fixturePath('tree'), ...words] };
  const { file, args } = withWallGuard(command, seconds, { name: NAME, value });
  return startProgram(file, args, { env: { [NAME]: value } });
}

it('ends the whole tree of a worker that ignores SIGTERM, and then itself', async () => {
  const { worker, members, value } = await cutOff(
    async (ms) => {
      const value = `guard-${process.pid}-${ms}`;
      const worker = guarded(['ignore-term', 'setsid', 'daemon'], Math.ceil(ms / 1000), value);
      const said = await worker.next<Record<string, number>>().catch(() => ({}));
      const pids = Object.values(said).filter((pid) => identityOf(pid) !== undefined);
      return { worker, members: pids.map(adopt), value };
    },
    ({ members }) => members.length === 2,
  );
  expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await eventually('all are gone', () => findByCookie(NAME, value).length === 0);
  expect(members.filter(isAlive)).toEqual([]);
});

it('the worker keeps its pid and its arguments; the guard is found by the cookie', async () => {
  const value = `guard-args-${process.pid}`;
  const script =
    'console.log(JSON.stringify({pid: process.pid, args: process.argv.slice(1)}));process.stdin.resume()';
  const args = ['-e', script, 'a b', '$x', "'", ''];
  const wrapped = withWallGuard({ file: process.execPath, args }, 300, { name: NAME, value });
  const worker = startProgram(wrapped.file, wrapped.args, { env: { [NAME]: value } });
  expect(await worker.next()).toEqual({ pid: worker.pid, args: ['a b', '$x', "'", ''] });
  for (const one of findByCookie(NAME, value)) adopt(one.pid);
  await worker.kill();
  expect(findByCookie(NAME, value).length).toBeGreaterThan(0);
});
