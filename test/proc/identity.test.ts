import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  identityOf,
  isAlive,
  processFacts,
  selfIdentity,
  stateOf,
} from '../../src/proc/identity.ts';
import { eventually, startProgram, untilGone } from '../support/processes.ts';
import { scratch } from '../support/scratch.ts';

it('this process has one identity that does not change', () => {
  const self = selfIdentity();
  expect(self.pid).toBe(process.pid);
  expect(selfIdentity()).toEqual(self);
  expect(identityOf(process.pid)).toEqual(self);
  expect(stateOf(self)).toBe('running');
  expect(processFacts(process.pid)?.parent).toBe(process.ppid);
});

it('follows a process from running to stopped to running to gone', async () => {
  const child = startProgram('sleep', ['300']);
  expect(stateOf(child.identity)).toBe('running');
  child.child.kill('SIGSTOP');
  await eventually('it is stopped', () => stateOf(child.identity) === 'stopped');
  expect(isAlive(child.identity)).toBe(true);
  child.child.kill('SIGCONT');
  await eventually('it runs', () => stateOf(child.identity) === 'running');
  await child.kill();
  expect(stateOf(child.identity)).toBe('gone');
  expect(identityOf(child.pid)).toBeUndefined();
});

it('the same pid with another start or another boot is another process', () => {
  const child = startProgram('sleep', ['300']);
  const { identity } = child;
  for (const other of [
    { ...identity, start: `${identity.start}1` },
    { ...identity, start: '' },
    { ...identity, boot: 'another boot' },
  ]) {
    expect(stateOf(other)).toBe('gone');
  }
});

it.each([0, -1, Number.NaN, 2 ** 31, 0.5])('there is no process %s', (pid) => {
  expect(identityOf(pid)).toBeUndefined();
  expect(stateOf({ ...selfIdentity(), pid })).toBe('gone');
});

it('a zombie counts as gone', async () => {
  // The shell becomes a sleep, which never waits for the child that it inherits.
  const parent = startProgram('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 300']);
  const pid = await parent.next<number>();
  const identity = identityOf(pid);
  if (identity === undefined) throw new Error('the child was too quick');
  expect(isAlive(identity)).toBe(true);
  await untilGone(identity);
  expect(processFacts(pid)).toMatchObject({ state: 'gone', start: identity.start });
  expect(identityOf(pid)).toBeUndefined();
});

it('reads the facts of a program with a name made to confuse', async () => {
  const path = join(scratch(), 'a) R 1 (b) S');
  copyFileSync('/bin/sleep', path);
  const child = startProgram(path, ['300']);
  await eventually('it is running', () => processFacts(child.pid)?.state === 'running');
  expect(processFacts(child.pid)?.parent).toBe(process.pid);
  expect(stateOf(child.identity)).toBe('running');
});
