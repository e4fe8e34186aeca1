import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../core/errors.ts';

/** What git found out about the file system, as far as a private repository takes it over. */
export const FILE_SYSTEM_KEYS = [
  'filemode',
  'ignorecase',
  'precomposeunicode',
  'symlinks',
  'longpaths',
] as const;

const CORE = [
  '[core]',
  '\tbare = false',
  '\tautocrlf = false',
  '\tsafecrlf = false',
  '\tlogallrefupdates = false',
  '\tsplitIndex = false',
  // Speed over size: most of this is read once or never.
  '\tcompression = 1',
  // Larger files are streamed, not held in memory, and compared as binary.
  '\tbigFileThreshold = 8m',
];
// The user's own ignore rules are copied once (`private-repository.ts`). It also tells this configuration
// from those of earlier versions, which still read the rules from the user's.
const COMPLETE = '\texcludesFile = /dev/null';
const SHA1 = ['\trepositoryformatversion = 0'];
const SHA256 = ['\trepositoryformatversion = 1', '[extensions]', '\tobjectFormat = sha256'];

const KNOWN_LINES: ReadonlySet<string> = new Set([
  ...CORE,
  COMPLETE,
  ...SHA1,
  ...SHA256,
  ...FILE_SYSTEM_KEYS.flatMap((key) => [`\t${key} = true`, `\t${key} = false`]),
]);

/** The configuration of a private repository. */
export function ownConfig(
  objectFormat: 'sha1' | 'sha256',
  fileSystem: readonly (readonly [key: string, value: string])[],
): string {
  const lines = fileSystem.map(([key, value]) => `\t${key} = ${value}`);
  const format = objectFormat === 'sha256' ? SHA256 : SHA1;
  return `${[...CORE, COMPLETE, ...lines, ...format].join('\n')}\n`;
}

/**
 * True where every line is one of ours, none of which names a program or another file: then there is
 * no key in it that anybody else has chosen.
 */
export function isOwnConfig(text: string): boolean {
  const lines = text.split('\n');
  return (
    lines.pop() === '' && lines.includes(COMPLETE) && lines.every((line) => KNOWN_LINES.has(line))
  );
}

/** A private repository whose configuration is ours, read now. A `commondir` would send git to another one. */
export async function isOwnRepository(gitDir: string): Promise<boolean> {
  const config = await readFile(join(gitDir, 'config'), 'utf8').catch(() => '');
  return isOwnConfig(config) && (await isMissing(join(gitDir, 'commondir')));
}

async function isMissing(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: unknown) => errnoOf(error) === 'ENOENT',
  );
}
