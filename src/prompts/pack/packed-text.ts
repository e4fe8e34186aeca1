import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../core/if-there.ts';
import { installedDir } from '../../core/installed.ts';

export type PackedText = { text: string; source: 'pack' | 'user' };

/** Longer is no instruction any more, and every worker pays for it. */
const MAX_CHARS = 20_000;

/** The prompt pack that comes with us. */
export function ownPack(): string {
  return installedDir('prompt-pack', 'manifest.yaml');
}

/** A text of the packs; a file of the same name in the user's pack takes the place of ours. */
export async function packedText(userDir: string, file: string): Promise<PackedText | undefined> {
  const theirs = await ifThere(readFile(join(userDir, file), 'utf8'));
  if (theirs !== undefined) return { text: shorten(theirs), source: 'user' };
  const ours = await ifThere(readFile(join(ownPack(), file), 'utf8'));
  return ours === undefined ? undefined : { text: shorten(ours), source: 'pack' };
}

function shorten(text: string): string {
  return text.trim().slice(0, MAX_CHARS);
}
