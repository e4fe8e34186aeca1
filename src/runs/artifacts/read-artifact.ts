import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CcError, errnoOf } from '../../core/errors.ts';

/** What of a run may be read as it is: everything in it is redacted. Its raw streams are elsewhere. */
export const RUN_ARTIFACTS = [
  'metadata.json',
  'progress_summary.json',
  'latest_decision.md',
  'stdout.txt',
  'stderr.txt',
  'output.json',
  'changed_files.json',
  'diff.patch',
  'risk_flags.json',
  'secret_findings.json',
  'tool_timeline.md',
  'receipt.json',
  'verification/latest.json',
] as const;

/** Larger files are cut; whoever needs all of one has the path. */
const MAX_BYTES = 64 << 10;

export type Artifact = { text: string; bytes: number; truncated: boolean };

/**
 * The beginning of a file below `dir`, at most 64 KiB. A link that leads out of the directory is not
 * followed, whoever made it.
 */
export async function readArtifact(dir: string, name: string): Promise<Artifact> {
  const path = join(dir, name);
  try {
    const [real, root] = await Promise.all([realpath(path), realpath(dir)]);
    if (!real.startsWith(root + sep)) throw notThere(name);
    const file = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const facts = await file.stat();
      if (!facts.isFile()) throw notThere(name);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      const truncated = facts.size > bytesRead;
      // A character that was cut in the middle is no character.
      const text = new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: truncated });
      return { text, bytes: facts.size, truncated };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw notThere(name);
    throw error;
  }
}

function notThere(name: string): CcError {
  return new CcError('NOT_FOUND', `There is no ${name}.`, {
    hint: 'Not every run has every file; cc_open_run_folder lists those there are.',
  });
}
