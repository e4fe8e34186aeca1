import { existsSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import { createFileAtomic } from '../../store/atomic.ts';

const ENDINGS = ['.yaml', '.yml'];

/** Writes a proposal into the project, never over something and never outside, wherever links lead. */
export async function writeProposal(
  root: string,
  cwd: string,
  file: string,
  text: string,
): Promise<string> {
  const shown = oneLine(file, 200);
  if (file.includes('\0') || !ENDINGS.includes(extname(file))) {
    throw new CcError('BAD_INPUT', `${shown} is no name for a workflow file.`, {
      hint: 'E.g. workflows/my-task.yaml, relative to the project.',
    });
  }
  const target = resolve(cwd, file);
  if (!isInside(root, await realAncestor(target))) {
    throw new CcError('NOT_ALLOWED', `${shown} is outside of the project.`, {
      hint: `Name a file below ${root}.`,
    });
  }
  await mkdir(dirname(target), { recursive: true });
  if (await createFileAtomic(target, text)) return relative(cwd, target).split(sep).join('/');
  throw new CcError('BAD_INPUT', `There is already a file ${shown}; nothing was written.`, {
    hint: 'Name another file.',
  });
}

/** Of what is there already, the real place; a link at the end of the path counts as well. */
async function realAncestor(target: string): Promise<string> {
  let at = target;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return realpath(at);
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
