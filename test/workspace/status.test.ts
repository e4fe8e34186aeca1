import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { managedDir, sharedPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { workspaceStatus } from '../../src/workspace/status.ts';
import { scratch } from '../support/scratch.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const OLD = new Date('2026-11-20T12:00:00Z');

test('files and bytes are told by directory, from the cache where a run is at rest', async () => {
  const workspace = workspaceAt(scratch());
  const runs = managedDir(workspace, 'runs');
  const put = (name: string, text: string, time: Date) => {
    mkdirSync(join(runs, name, 'checkpoints'), { recursive: true });
    writeFileSync(join(runs, name, 'a.txt'), text);
    writeFileSync(join(runs, name, 'checkpoints', 'b.txt'), text);
    utimesSync(join(runs, name), time, time);
  };
  const status = async () => (await workspaceStatus(workspace, NOW)).usage;
  expect(await status()).toEqual([]);
  for (let index = 0; index < 60; index += 1) put(`old-${index}`, 'ten bytes.', OLD);
  put('active', 'ten bytes.', NOW);
  mkdirSync(join(managedDir(workspace, 'reports'), 'x'), { recursive: true });
  writeFileSync(join(managedDir(workspace, 'reports'), 'x', 'r.md'), 'five!');
  const first = [
    { dir: 'runs', files: 122, bytes: 1220 },
    { dir: 'reports', files: 1, bytes: 5 },
  ];
  expect(await status()).toEqual(first);
  expect(existsSync(join(sharedPaths(workspace).retention, 'sizes.json'))).toBe(true);
  expect(await status()).toEqual(first);
  // What goes on is looked at each time, and so is what has changed since.
  put('active', 'twenty bytes in all..', NOW);
  put('old-1', 'twenty bytes in all..', new Date(OLD.getTime() + 1000));
  expect((await status())[0]).toEqual({ dir: 'runs', files: 122, bytes: 1220 + 4 * 11 });
  writeFileSync(join(sharedPaths(workspace).retention, 'sizes.json'), '{"torn');
  expect((await status())[0]).toEqual({ dir: 'runs', files: 122, bytes: 1220 + 4 * 11 });
});
