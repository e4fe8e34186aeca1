import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CcError, errnoOf } from '../core/errors.ts';
import type { Surroundings } from './checks/surroundings.ts';
import { type Loaded, loadWorkflow } from './load.ts';

/** Larger files are not even looked at; up to here they get the same error as any that is too large. */
const MAX_BYTES = 64 << 20;

/**
 * Loads a workflow file of a project with the files it uses. Only files inside of the project are
 * read, wherever links lead; those it uses only below its own directory.
 */
export async function loadWorkflowFile(around: Surroundings, file: string): Promise<Loaded> {
  const { root, cwd } = around;
  const target = await realFile(resolve(cwd, file));
  if (target === undefined) {
    throw new CcError('NOT_FOUND', `There is no file ${file.slice(0, 300)}.`, {
      hint: `file is relative to ${cwd}.`,
    });
  }
  if (!isInside(root, target) && !isInside(cwd, target)) {
    throw new CcError('NOT_ALLOWED', `${file.slice(0, 300)} is outside of the project.`, {
      hint: 'Copy it into the project, or pass what it says as text.',
    });
  }
  const base = dirname(target);
  const name = relative(cwd, target).split(sep).join('/');
  const read = async (path: string) => {
    const used = await realFile(join(cwd, path));
    return used === undefined || !isInside(base, used) ? undefined : textOf(used);
  };
  return loadWorkflow(name, await textOf(target), read, around);
}

async function realFile(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isFile() ? real : undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ENAMETOOLONG') return undefined;
    if (error instanceof TypeError) return undefined; // a NUL character
    throw error;
  }
}

async function textOf(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size <= MAX_BYTES) return readFile(path, 'utf8');
  throw new CcError('BAD_INPUT', `${path} has ${size} bytes and is no workflow.`, {
    hint: 'Name the workflow file.',
  });
}

function isInside(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}
