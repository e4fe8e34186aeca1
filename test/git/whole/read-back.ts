import { privateGit } from '../../../src/git/whole/compare.ts';
import { blobsOf } from '../../../src/git/whole/contents.ts';
import { permOf, statesOfBoth } from '../../../src/git/whole/states.ts';
import type { WholeSnapshot } from '../../../src/git/whole/whole.ts';

type Options = { env: Record<string, string> };

const MAX_BYTES = 128 << 20;

/** A snapshot that can be looked into, path by path, to see what was kept. */
export async function openSnapshot(snapshot: WholeSnapshot, options: Partial<Options> = {}) {
  const git = await privateGit(snapshot, options.env);
  const [states] = await statesOfBoth(snapshot, snapshot, options);
  const at = (path: string) => {
    const state = states.at(path);
    if (state === undefined) return undefined;
    const kept = state.mode !== '160000' && (state.oid ?? state.link) !== undefined;
    return { area: state.area, mode: state.mode, perm: permOf(state), kept };
  };
  const read = async (path: string) => {
    const state = states.at(path);
    if (state?.link !== undefined) return Buffer.from(state.link);
    if (state?.oid === undefined || !at(path)?.kept) return undefined;
    return (await blobsOf(git, [state.oid], MAX_BYTES)).get(state.oid);
  };
  return { at, read, paths: () => states.paths() };
}

/** One file of a snapshot; undefined where it was not there, or its content was not kept. */
export async function readAt(snapshot: WholeSnapshot, path: string, options: Options) {
  const open = await openSnapshot(snapshot, options);
  const [there, bytes] = [open.at(path), await open.read(path)];
  if (there === undefined || bytes === undefined) return undefined;
  return { mode: there.mode, perm: there.perm, bytes };
}
