import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { removeTree } from './remove-tree.ts';

/** A directory of this test's own; it is gone when the test is over, whatever happened. */
export function scratch(): string {
  const path = newDirectory();
  onTestFinished(() => removeTree(path));
  return path;
}

/** A tiny file system of its own, or undefined (and a word about it) where we may not mount one. */
export function smallDisk(kilobytes: number): string | undefined {
  const path = newDirectory();
  try {
    if (process.platform !== 'linux') throw new Error('tmpfs is Linux');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'cc-test', path], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmSync(path, { recursive: true });
    console.log(`skipped: cannot mount a small disk (${String(error).split('\n')[0]})`);
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', path]);
    rmSync(path, { recursive: true });
  });
  return path;
}

export function makeReadOnly(mountPoint: string): void {
  execFileSync('mount', ['-o', 'remount,ro', mountPoint], { stdio: 'pipe' });
}

function newDirectory(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'cc-test-')));
}
