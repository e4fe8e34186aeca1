import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { ifThere } from '../../core/if-there.ts';
import { createFileAtomic, makePrivateDir } from '../../store/atomic.ts';
import type { UserHome } from '../../workspace/home.ts';

export const KEY_BYTES = 32;

/**
 * The key of this user's fingerprints, made at its first use. It lies in the private store, so that
 * who has the records of a project cannot try out which values they were made from.
 */
export async function fingerprintKey(home: UserHome): Promise<Buffer> {
  const known = await readKey(home.fingerprintKey);
  if (known !== undefined) return known;
  await makePrivateDir(dirname(home.fingerprintKey));
  await createFileAtomic(home.fingerprintKey, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
  const made = await readKey(home.fingerprintKey);
  if (made !== undefined) return made;
  throw new CcError('STORAGE_CORRUPT', `Not a key: ${home.fingerprintKey}`, {
    hint: 'Remove the file; a new one is made. Fingerprints in the policy are then to be renewed.',
  });
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const text = await ifThere(readFile(path, 'utf8'));
  const key = Buffer.from(text?.trim() ?? '', 'hex');
  return key.length === KEY_BYTES ? key : undefined;
}
