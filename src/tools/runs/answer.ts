import { readFile } from 'node:fs/promises';
import { byteLength, truncate } from '../../core/text.ts';
import type { RunPaths } from '../../workspace/layout.ts';

/**
 * Most an answer may take of a result, as JSON. Counted in bytes, or a long answer in Chinese would
 * push itself out of the result; the whole one is in the run's folder.
 */
const ANSWER_BYTES = 5000;

/** The worker's final answer, redacted when it was stored; empty while there is none. */
export async function readAnswer(paths: RunPaths): Promise<string> {
  const text = await readFile(paths.stdout, 'utf8').catch(() => '');
  const shown = truncate(text, longestFit(text));
  if (shown === text) return text;
  return `${shown}\n[${text.length} characters in all: ${paths.stdout}]`;
}

/** How many characters of the text fit. */
function longestFit(text: string): number {
  let [fits, tooMany] = [0, Math.min(text.length, ANSWER_BYTES) + 1];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (byteLength(JSON.stringify(text.slice(0, middle))) <= ANSWER_BYTES) fits = middle;
    else tooMany = middle;
  }
  return fits;
}
