import { sizeOf } from './keep.ts';
import { isFilledByTools } from './names.ts';
import type { Place } from './place.ts';
import { isDirectoryMode, walkRest } from './walk.ts';
import type { SnapshotKind } from './whole.ts';

/** More than this is no project; it is watched, and its smaller files are kept. */
const PLAIN_FILES = 20_000;
const PLAIN_BYTES = 1 << 30;
const PLAIN_LOOKS = 50_000;

type KindOptions = { lean?: boolean; exclude?: readonly string[]; maxEntries?: number };

/** How a place can be kept: a directory without git is looked at first, for it may be a whole disk. */
export async function kindOf(place: Place, options: KindOptions): Promise<SnapshotKind> {
  if (options.lean === true) return 'lean';
  if (place.gitDir !== undefined) return 'git';
  const { entries, not_captured } = await walkRest(place.root, {
    isKnown: () => false,
    area: 'source',
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    maxEntries: options.maxEntries ?? PLAIN_LOOKS,
  });
  const isOwn = ({ path }: { path: string }) => !path.split('/').some(isFilledByTools);
  const own = entries.filter(
    (entry) => entry.area === 'source' && !isDirectoryMode(entry.mode) && isOwn(entry),
  );
  const bytes = own.reduce((sum, entry) => sum + sizeOf(entry), 0);
  const isSmall = own.length <= PLAIN_FILES && bytes <= PLAIN_BYTES;
  const isCut = not_captured.some((item) => item.reason === 'too_many' && isOwn(item));
  return isSmall && !isCut ? 'plain' : 'listed';
}
