import { describe, expect, it } from 'vitest';
import { identityOf, isAlive, type ProcessIdentity, stateOf } from '../../src/proc/identity.ts';
import { killProcess, survivors, terminateTree } from '../../src/proc/terminate.ts';
import { descendantsOf, findByCookie } from '../../src/proc/tree.ts';
import { bundle } from '../support/bundle.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { adopt, cutOff, eventually, startFixture, startProgram } from '../support/processes.ts';

const GROUND = await bundle(['proc/terminate', 'proc/identity']);
const NAME = 'CC_TEST_COOKIE';
let count = 0;

/** A tree of processes with its cookie; all are gone at the end of the test in any case. */
async function tree(...words: string[]) {
  count += 1;
  const cookie = { name: NAME, value: `terminate-${process.pid}-${count}` };
  const root = startFixture('tree', words, { env: { [NAME]: cookie.value } });
  const said = await root.next<Record<string, number>>();
  const members = new Map<string, ProcessIdentity>([['root', root.identity]]);
  for (const [name, pid] of Object.entries(said)) members.set(name, adopt(pid));
  const left = () => [...members].filter(([, one]) => isAlive(one)).map(([name]) => name);
  return { root, cookie, members, left };
}

describe('terminateTree', () => {
  it('a tree that obeys goes with SIGTERM alone, its children are swept', async () => {
    const { root, cookie, left } = await tree('setsid', 'daemon');
    const result = await terminateTree({ root: root.identity, cookie }, PATIENCE_MS);
    expect(result).toEqual({ signals: ['SIGTERM'], swept: 2, left: [] });
    expect(left()).toEqual([]);
    expect(await root.exited).toEqual({ code: 0, signal: null });
  });

  it('a root that ignores SIGTERM is killed after the grace', async () => {
    const { root, cookie, left } = await tree('ignore-term', 'setsid', 'bare', 'daemon');
    const result = await terminateTree({ root: root.identity, cookie }, 100);
    expect(result).toEqual({ signals: ['SIGTERM', 'SIGKILL'], swept: 3, left: [] });
    expect(left()).toEqual([]);
    expect(await root.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('a stopped root hears SIGTERM', async () => {
    const { root, cookie, left } = await tree('stop', 'setsid', 'bare');
    await eventually('it is stopped', () => stateOf(root.identity) === 'stopped');
    const result = await terminateTree({ root: root.identity, cookie }, PATIENCE_MS);
    expect(result).toMatchObject({ signals: ['SIGTERM'], left: [] });
    expect(left()).toEqual([]);
  });

  it('finds what the root starts in its last moment, with an empty environment', async () => {
    const { result, late } = await cutOff(
      async (graceMs) => {
        const { root, cookie } = await tree('ignore-term', 'late-bare');
        const ending = terminateTree({ root: root.identity, cookie }, graceMs);
        const said = await root.next<{ late: number }>().catch(() => ({ late: 0 }));
        const late = identityOf(said.late) && adopt(said.late);
        return { late, result: await ending };
      },
      (seen) => seen.late !== undefined,
      [600, 5000, 30_000],
    );
    expect(result).toMatchObject({ swept: 1, left: [] });
    expect(late && isAlive(late)).toBe(false);
  });

  it('the root is gone already: the cookie finds some, what was seen finds the others', async () => {
    const { root, cookie, members, left } = await tree('setsid', 'daemon', 'bare');
    const seen = descendantsOf([root.identity]);
    await root.kill();
    expect(left().sort()).toEqual(['bare', 'daemon', 'setsid']);
    expect(survivors({ root: root.identity, cookie })).toHaveLength(2);
    const result = await terminateTree({ root: root.identity, cookie, seen });
    expect(result).toEqual({ signals: [], swept: 3, left: [] });
    expect(left()).toEqual([]);
    expect(members.size).toBe(4);
  });

  it('goes from what was seen to its children', async () => {
    const { root, cookie, members, left } = await tree('bare-pair');
    const pair = members.get('pair');
    if (pair === undefined) throw new Error('no pair');
    await eventually('the shell has its child', () => descendantsOf([pair]).length === 1);
    for (const child of descendantsOf([pair])) members.set('child', adopt(child.pid));
    await root.kill();
    const result = await terminateTree({ root: root.identity, cookie, seen: [pair] });
    expect(result).toMatchObject({ swept: 2, left: [] });
    expect(left()).toEqual([]);
  });

  it('without a cookie the parent chain is enough for what hangs on it', async () => {
    const { root, left } = await tree('ignore-term', 'setsid', 'bare');
    expect(await terminateTree({ root: root.identity }, 50)).toMatchObject({ swept: 2, left: [] });
    expect(left()).toEqual([]);
  });

  it('harms nobody who got the pid later, nor their children', async () => {
    const stranger = await tree('setsid', 'bare');
    const old = { ...stranger.root.identity, start: '1' };
    const cookie = { name: NAME, value: 'nobody has this one' };
    const result = await terminateTree({ root: old, cookie, seen: [old] }, 50);
    expect(result).toEqual({ signals: [], swept: 0, left: [] });
    expect(await killProcess(old)).toBe(true);
    expect(stranger.left().sort()).toEqual(['bare', 'root', 'setsid']);
  });

  it('leaves other runs alone', async () => {
    const [mine, other] = [await tree('setsid', 'daemon'), await tree('setsid', 'daemon')];
    await terminateTree({ root: mine.root.identity, cookie: mine.cookie });
    expect(mine.left()).toEqual([]);
    expect(other.left().sort()).toEqual(['daemon', 'root', 'setsid']);
  });

  it('never ends the process that asks, not even when asked to', async () => {
    const cookie = `self-${process.pid}`;
    const child = startFixture('end-itself', [GROUND], { env: { [NAME]: cookie } });
    expect(await child.next()).toMatchObject({ alive: true, swept: 0, left: [] });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(findByCookie(NAME, cookie)).toEqual([]);
  });
});

describe('killProcess', () => {
  it('ends a frozen process', async () => {
    const child = startProgram('sleep', ['300']);
    child.child.kill('SIGSTOP');
    await eventually('it is stopped', () => stateOf(child.identity) === 'stopped');
    expect(await killProcess(child.identity)).toBe(true);
    expect(identityOf(child.pid)).toBeUndefined();
  });

  it('is done where there is nothing to end', async () => {
    const child = startProgram('sleep', ['300']);
    await child.kill();
    expect(await killProcess(child.identity)).toBe(true);
  });
});
