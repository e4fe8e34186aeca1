import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { comparePaths } from '../../../src/git/whole/compare-paths.ts';
import { differing, disk } from '../../support/disk.ts';
import { Random } from '../../support/random.ts';
import { edit } from '../../support/random-edits.ts';
import { scratch } from '../../support/scratch.ts';
import { repository } from '../support.ts';
import { openSnapshot } from './read-back.ts';
import { whole } from './support.ts';

/** What git has no word for, a directory, is not compared; nor is git's own. */
const files = (root: string) =>
  new Map([...disk(root, (path) => path === '.git')].filter(([path]) => !path.endsWith('/')));

test.each([1, 2, 3, 4, 5, 6])(
  'random edits are reported as they were made, seed %i',
  async (seed) => {
    const random = new Random(seed);
    const withGit = seed % 2 === 0;
    const repo = repository();
    if (!withGit) rmSync(join(repo.root, '.git'), { recursive: true });
    for (let count = 0; count < 30; count += 1) edit(repo.root, random);
    if (withGit) repo.commit();
    for (let count = 0; count < 10; count += 1) edit(repo.root, random);
    let store = repo.store;
    for (let round = 0; round < 4; round += 1) {
      const before = files(repo.root);
      const base = await whole({ ...repo, store });
      for (let count = 0; count < 1 + random.below(12); count += 1) edit(repo.root, random);
      const after = await whole({ ...repo, store }, { earlier: base });
      const now = files(repo.root);
      const found = await comparePaths(base, after, { env: repo.env });
      const expected = differing(before, now);
      // Below node_modules a touch is all that is known.
      const isListed = (path: string) => path.split('/').includes('node_modules');
      expect(found.filter((path) => !isListed(path))).toEqual(
        expected.filter((path) => !isListed(path)),
      );
      expect(found).toEqual(expect.arrayContaining(expected));
      for (const [snapshot, there] of [
        [base, before],
        [after, now],
      ] as const) {
        const open = await openSnapshot(snapshot, { env: repo.env });
        for (const path of expected.filter((one) => !isListed(one))) {
          const text = there.get(path);
          const bytes = await open.read(path);
          if (text === undefined) expect(bytes).toBeUndefined();
          else if (open.at(path)?.mode === '120000') expect(`-> ${bytes}`).toBe(text);
          else {
            const perm = open.at(path)?.perm.toString(8);
            expect(`${perm} ${bytes?.toString('base64')}`).toBe(text);
          }
        }
      }
      store = join(scratch(), 'store');
    }
  },
);
