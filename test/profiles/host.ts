import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ProfileHost } from '../../src/profiles/profile.ts';
import { removeTree } from '../support/remove-tree.ts';

export type TestHost = ProfileHost & { tmp: string; appDir: string };

/** A machine with an empty home and its own directory for temporary files. */
export function testHost(
  env: Record<string, string> = {},
  platform: NodeJS.Platform = 'linux',
): TestHost {
  const root = mkdtempSync(join(tmpdir(), 'cc-profiles-test-'));
  onTestFinished(() => removeTree(root));
  const home = join(root, 'home');
  const tmp = join(root, 'tmp');
  mkdirSync(home);
  mkdirSync(tmp);
  return { env, home, platform, tmp, appDir: join(home, '.cc-switch') };
}

export function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

export function logIn(host: TestHost): void {
  write(join(host.home, '.claude', '.credentials.json'), '{"claudeAiOauth":{}}');
}

/** Everything about a directory that reading it could disturb, except access times. */
export function factsOf(directory: string): unknown {
  const of = (path: string) => {
    const { mode, size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
    return [mode, size, mtimeNs, ctimeNs, ino].join(' ');
  };
  const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const files = readdirSync(directory).sort();
  return [
    of(directory),
    ...files.map((name) => [name, of(join(directory, name)), hash(join(directory, name))]),
  ];
}
