import { join } from 'node:path';
import { makePrivateDir, readJson, writeFileAtomic, writeJsonAtomic } from '../store/atomic.ts';
import type { RunPaths } from '../workspace/layout.ts';
import { junitOf } from './export-junit.ts';
import { sarifOf } from './export-sarif.ts';
import { type Verification, verification } from './verification.ts';

/** Where one verification keeps its files. */
export function verificationPaths(paths: RunPaths, id: string) {
  const folder = join(paths.verification, id);
  return {
    file: join(paths.verification, `${id}.json`),
    latest: join(paths.verification, 'latest.json'),
    /** Output of its commands, and the exports. */
    folder,
    junit: join(folder, 'junit.xml'),
    sarif: join(folder, 'report.sarif'),
  };
}

/** Held by whoever verifies a run. */
export function verificationLease(paths: RunPaths): string {
  return join(paths.verification, 'lease');
}

/** Stores it for good: the exports first, so that whoever finds the file finds them, too. */
export async function storeVerification(paths: RunPaths, result: Verification): Promise<string> {
  const { file, latest, folder, junit, sarif } = verificationPaths(paths, result.verification_id);
  await makePrivateDir(folder);
  await writeFileAtomic(junit, junitOf(result));
  await writeJsonAtomic(sarif, sarifOf(result));
  await writeJsonAtomic(file, result, { durable: true });
  await writeJsonAtomic(latest, result, { durable: true });
  return file;
}

/** The last verification of a run, where there was one. */
export async function latestVerification(paths: RunPaths): Promise<Verification | undefined> {
  const value = await readJson(join(paths.verification, 'latest.json')).catch(() => undefined);
  return verification.safeParse(value).data;
}
