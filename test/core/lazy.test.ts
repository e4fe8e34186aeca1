import { expect, it } from 'vitest';
import { lazy, loadLazyModules } from '../../src/core/lazy.ts';

it('loads once, at the first use', async () => {
  let loads = 0;
  const load = lazy(async () => {
    loads += 1;
    return { loads };
  });
  expect(loads).toBe(0);
  expect(await Promise.all([load(), load()])).toEqual([{ loads: 1 }, { loads: 1 }]);
});

it('tries again what could not be loaded', async () => {
  let loads = 0;
  const load = lazy(async () => {
    loads += 1;
    if (loads === 1) throw new Error('too many open files');
    return loads;
  });
  await expect(load()).rejects.toThrow('too many open files');
  expect(await load()).toBe(2);
});

it('loads all that is left, whatever fails', async () => {
  const loaded: string[] = [];
  lazy(async () => loaded.push('one'));
  lazy(() => Promise.reject(new Error('gone')));
  lazy(async () => loaded.push('two'));
  await loadLazyModules();
  await loadLazyModules();
  expect(loaded).toEqual(['one', 'two']);
});
