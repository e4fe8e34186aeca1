import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfFile } from '../../ledger/digest-of-file.ts';
import type { UserHome } from '../../workspace/home.ts';

export type UserFile = { path: string; bytes: number; sha256: string };

/** What a user has written or decided; it lies outside of every installation, so no upgrade touches it. */
export async function findUserFiles(home: UserHome): Promise<UserFile[]> {
  const paths = [home.policy, home.profiles, home.costGuard];
  for (const directory of [home.promptPack, home.routing]) {
    const names = await readdir(directory, { recursive: true }).catch(() => []);
    paths.push(...names.sort().map((name) => join(directory, name)));
  }
  return paths.flatMap((path) => {
    const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
    const digest = isFile ? digestOfFile(path) : undefined;
    return digest === undefined ? [] : [{ path, bytes: digest.bytes, sha256: digest.sha256 }];
  });
}
