import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { comparePaths } from '../../../src/git/whole/compare-paths.ts';
import { clear } from '../../support/clear.ts';
import { dice } from '../../support/dice.ts';
import { repository, temporary } from '../support.ts';
import { openSnapshot } from './read-back.ts';
import { whole } from './support.ts';

const NAMES = ['a', 'b.txt', 'x.log', '.env', 'ü ä', 'node_modules', '.gitignore', 'Makefile'];

function somePath(roll: (n: number) => number): string {
  const depth = roll(3);
  const parts = Array.from({ length: depth }, () => `d${roll(3)}`);
  return [...parts, NAMES[roll(NAMES.length)]].join('/');
}

function content(roll: (n: number) => number): Buffer {
  const kinds = ['text\n', 'crlf\r\n', 'x.log\n*.tmp\n', ''];
  const text = kinds[roll(kinds.length)] ?? '';
  return roll(4) === 0 ? Buffer.from([0, roll(256), 255]) : Buffer.from(text.repeat(roll(4)));
}

function edit(root: string, roll: (n: number) => number): void {
  const path = join(root, somePath(roll));
  const there = lstatSync(path, { throwIfNoEntry: false });
  switch (roll(6)) {
    case 0:
      rmSync(path, { recursive: true, force: true });
      return;
    case 1:
      if (there?.isFile()) chmodSync(path, [0o644, 0o755, 0o600, 0o444][roll(4)] ?? 0o644);
      return;
    case 2:
      if (there !== undefined) rmSync(path, { recursive: true });
      clear(root, dirname(path));
      symlinkSync(`t${roll(3)}`, path);
      return;
    default:
      if (there !== undefined && !there.isFile()) rmSync(path, { recursive: true });
      clear(root, dirname(path));
      if (there?.isFile()) rmSync(path);
      writeFileSync(path, content(roll));
  }
}

/** What is on the disk, as a person would compare it: bytes, permissions, link targets. */
function disk(root: string): Map<string, string> {
  const seen = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(root.length + 1);
    if (path.startsWith('.git/') || entry.isDirectory()) continue;
    const text = entry.isSymbolicLink() ? readlinkSync(full) : readFileSync(full, 'base64');
    const mode = entry.isSymbolicLink() ? '' : (lstatSync(full).mode & 0o777).toString(8);
    seen.set(path, `${mode} ${text}`);
  }
  return seen;
}

function differing(before: Map<string, string>, after: Map<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

test.each([1, 2, 3, 4, 5, 6])(
  'random edits are reported as they were made, seed %i',
  async (seed) => {
    const roll = dice(seed);
    const withGit = seed % 2 === 0;
    const repo = repository();
    if (!withGit) rmSync(join(repo.root, '.git'), { recursive: true });
    for (let count = 0; count < 30; count += 1) edit(repo.root, roll);
    if (withGit) repo.commit();
    for (let count = 0; count < 10; count += 1) edit(repo.root, roll);
    let store = repo.store;
    for (let round = 0; round < 4; round += 1) {
      const before = disk(repo.root);
      const base = await whole({ ...repo, store });
      for (let count = 0; count < 1 + roll(12); count += 1) edit(repo.root, roll);
      const after = await whole({ ...repo, store }, { earlier: base });
      const now = disk(repo.root);
      const found = await comparePaths(base, after, { env: repo.env });
      const expected = differing(before, now);
      // Below node_modules a touch is all that is known.
      const isListed = (path: string) => path.split('/').includes('node_modules');
      expect(found.filter((path) => !isListed(path))).toEqual(
        expected.filter((path) => !isListed(path)),
      );
      expect(found).toEqual(expect.arrayContaining(expected));
      for (const [snapshot, files] of [
        [base, before],
        [after, now],
      ] as const) {
        const open = await openSnapshot(snapshot, { env: repo.env });
        for (const path of expected.filter((one) => !isListed(one))) {
          const text = files.get(path);
          const bytes = await open.read(path);
          if (text === undefined) expect(bytes).toBeUndefined();
          else if (open.at(path)?.mode === '120000') expect(` ${bytes}`).toBe(text);
          else {
            const perm = open.at(path)?.perm.toString(8);
            expect(`${perm} ${bytes?.toString('base64')}`).toBe(text);
          }
        }
      }
      store = join(temporary(), 'store');
    }
  },
);
