import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBase32 } from '../core/ids.ts';
import { makePrivateDir } from '../store/atomic.ts';
import type { SourceEnvironment } from './environment.ts';
import { openGit } from './git.ts';

export type Merged = { content: Buffer } | { hunks: string[] };

/** Most conflicts git can count in its exit code; more than that is an error of its own. */
const MAX_CONFLICTS = 127;
const MAX_BYTES = 64 << 20;
const HUNKS_NAMED = 5;
const LINE_CHARS = 80;

/**
 * A three-way merge of one text file, or the places where both sides changed the same lines. The files
 * lie in a directory of ours: no attribute of the project chooses how it is merged.
 */
export async function mergeFile(
  scratch: string,
  env: SourceEnvironment,
  sides: { ours: Buffer; base: Buffer; theirs: Buffer },
): Promise<Merged> {
  const directory = join(scratch, `.merge-${randomBase32(8)}`);
  await makePrivateDir(directory);
  try {
    for (const [name, content] of Object.entries(sides)) {
      await writeFile(join(directory, name), content, { mode: 0o600 });
    }
    const git = await openGit(directory, { env });
    const okCodes = Array.from({ length: MAX_CONFLICTS + 1 }, (_, code) => code);
    const args = ['merge-file', '--stdout', '-L', 'project', '-L', 'start', '-L', 'run'];
    const { stdout, exitCode } = await git.run([...args, 'ours', 'base', 'theirs'], {
      okCodes,
      maxBytes: MAX_BYTES,
    });
    return exitCode === 0 ? { content: stdout } : { hunks: hunksIn(stdout.toString('utf8')) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export function isText(content: Buffer): boolean {
  return !content.includes(0);
}

/** `lines 12-14: <first line of the project> / <first line of the run>`, counted in the project's file. */
function hunksIn(text: string): string[] {
  const hunks: string[] = [];
  let line = 0;
  let side: 'none' | 'project' | 'run' = 'none';
  let from = 0;
  const first = { project: '', run: '' };
  for (const each of text.split('\n')) {
    if (side === 'none' && each.startsWith('<<<<<<< project')) {
      side = 'project';
      from = line + 1;
      first.project = '';
      first.run = '';
    } else if (side === 'project' && each.startsWith('=======')) side = 'run';
    else if (side === 'run' && each.startsWith('>>>>>>> run')) {
      const [ours, theirs] = [first.project, first.run].map((one) => one.slice(0, LINE_CHARS));
      hunks.push(`lines ${from}-${Math.max(from, line)}: ${ours} / ${theirs}`);
      side = 'none';
    } else {
      if (side !== 'run') line += 1;
      if (side !== 'none' && first[side] === '') first[side] = each.trim();
    }
  }
  const more = hunks.length - HUNKS_NAMED;
  return more > 0 ? [...hunks.slice(0, HUNKS_NAMED), `… ${more} more`] : hunks;
}
