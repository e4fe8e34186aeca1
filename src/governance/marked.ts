import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { errnoOf } from '../core/errors.ts';
import { BEGIN, END } from './guidance-text.ts';

/** A marker at the beginning of a line, or behind the BOM of a file that is read as Latin-1. */
const MARKER = new RegExp(`\\n(?:\u00ef\u00bb\u00bf)?(?:${BEGIN}|${END})`);
/** More than a marker has, for one that two chunks share. */
const KEPT_CHARS = 64;

/**
 * Whether one of our marker lines is in a file that cannot be changed, of any size, encoding and place.
 * What is no file holds none; throws where it cannot be looked at.
 */
export async function holdsMarker(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  });
  if (!found?.isFile()) return false;
  let tail = '\n';
  for await (const chunk of createReadStream(path, 'latin1')) {
    const text: string = tail + String(chunk);
    if (MARKER.test(text)) return true;
    tail = text.slice(-KEPT_CHARS);
  }
  return false;
}
