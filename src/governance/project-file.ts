import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import { readTarget, type Target } from '../setup/target.ts';

/** Nobody writes so much by hand; whatever is larger is something else. */
const MAX_BYTES = 4 << 20;

/** A file at the top of a project that is to be changed; refuses what leads out of the project. */
export async function readProjectFile(root: string, name: string): Promise<Target> {
  const path = join(root, name);
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined && !real.startsWith((await realpath(root)) + sep)) {
    throw new CcError('NOT_ALLOWED', `${path} leads out of the project, to ${real}.`, {
      hint: 'Change that file by hand, or put a file of the project in place of the link.',
    });
  }
  const size = real === undefined ? 0 : (await stat(real)).size;
  if (size > MAX_BYTES) {
    throw new CcError(
      'NOT_ALLOWED',
      `${path} has ${size} bytes; more than ${MAX_BYTES} is too much.`,
      {
        hint: 'Move away what stands in its place.',
      },
    );
  }
  return readTarget(path);
}
