import { describe, expect, it } from 'vitest';
import { identityOf, selfIdentity } from '../../src/proc/identity.ts';
import { descendantsOf, findByCookie, livingCookies } from '../../src/proc/tree.ts';
import { adopt, eventually, type Fixture, startFixture } from '../support/processes.ts';

const NAME = 'CC_TEST_COOKIE';
let count = 0;

function newCookie(): string {
  count += 1;
  return `tree-${process.pid}-${count}`;
}

async function tree(words: string[], cookie: string) {
  const root = startFixture('tree', words, { env: { [NAME]: cookie } });
  const said = await root.next<Record<string, number>>();
  const pids = Object.values(said);
  for (const pid of pids) adopt(pid);
  return { root, said };
}

const pidsOf = (found: { pid: number }[]) => found.map(({ pid }) => pid).sort((a, b) => a - b);

describe('findByCookie', () => {
  it('finds a double-forked grandchild in its own session, whose parents are gone', async () => {
    const cookie = newCookie();
    const { root, said } = await tree(['daemon', 'setsid'], cookie);
    const expected = pidsOf([root, ...Object.values(said).map((pid) => ({ pid }))]);
    await eventually('the shells in between are gone', () => {
      return findByCookie(NAME, cookie).length === expected.length;
    });
    expect(pidsOf(findByCookie(NAME, cookie))).toEqual(expected);
    expect(pidsOf(descendantsOf([root.identity]))).not.toContain(said.daemon);
    await root.kill();
    expect(pidsOf(findByCookie(NAME, cookie))).toEqual(expected.filter((pid) => pid !== root.pid));
  });

  it('wants the whole name and the whole value', async () => {
    const cookie = newCookie();
    await tree([], cookie);
    for (const [name, value] of [
      [NAME, cookie.slice(0, -1)],
      [NAME, `${cookie}0`],
      [NAME, ''],
      [NAME.slice(1), cookie],
      [`X${NAME}`, cookie],
    ] as const) {
      expect(findByCookie(name, value)).toEqual([]);
    }
  });

  it('never finds the process that asks', () => {
    const [name, value] = Object.entries(process.env)[0] ?? [];
    if (name === undefined || value === undefined) throw new Error('no environment');
    expect(pidsOf(findByCookie(name, value))).not.toContain(process.pid);
  });
});

describe('livingCookies', () => {
  it('tells the values of all that live, each once', async () => {
    const [one, two] = [newCookie(), newCookie()];
    const { root } = await tree(['daemon'], one);
    await tree([], two);
    expect([...livingCookies(NAME)].sort()).toEqual(expect.arrayContaining([one, two].sort()));
    expect(livingCookies(`X${NAME}`)).toEqual(new Set());
    await root.kill();
    // What it left behind still carries it.
    expect(livingCookies(NAME)).toContain(one);
  });
});

describe('descendantsOf', () => {
  it('finds children of children, and what hides its environment', async () => {
    const { root, said } = await tree(['bare-pair', 'setsid'], newCookie());
    const pair = { pid: said.pair ?? 0 };
    let found: { pid: number }[] = [];
    await eventually('the shell has its child', () => {
      found = descendantsOf([root.identity]);
      return found.length === 3;
    });
    expect(pidsOf(found)).toEqual(
      expect.arrayContaining(pidsOf(Object.values(said).map((pid) => ({ pid })))),
    );
    const pairIdentity = identityOf(pair.pid);
    if (pairIdentity === undefined) throw new Error('the pair is gone');
    const [child, ...others] = descendantsOf([pairIdentity]);
    expect(others).toEqual([]);
    adopt(child?.pid ?? 0);
  });

  it('does not take the children of whoever got the pid later', async () => {
    const { root } = await tree(['setsid'], newCookie());
    expect(descendantsOf([root.identity])).toHaveLength(1);
    expect(descendantsOf([{ ...root.identity, start: '1' }])).toEqual([]);
  });

  it('of this process are the fixtures it started', async () => {
    const roots: Fixture[] = [];
    for (const words of [['setsid'], []]) roots.push((await tree(words, newCookie())).root);
    expect(pidsOf(descendantsOf([selfIdentity()]))).toEqual(expect.arrayContaining(pidsOf(roots)));
    expect(descendantsOf([])).toEqual([]);
  });
});
