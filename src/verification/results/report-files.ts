import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lazy } from '../../core/lazy.ts';

const loadGlob = /* @__PURE__ */ lazy(() => import('fast-glob'));

export type ReportFile = { path: string; text: string };

/** Never searched: too many files, and no reports of this project. */
const IGNORED = ['**/node_modules/**', '**/.git/**', '**/.venv/**', '**/.agent-workspace/**'];
const MAX_BYTES = 32 << 20;
const MAX_FILES = 200;
const DEPTH = 8;
/** File systems keep times no finer than this. */
const GRAIN_MS = 20;

/**
 * Files of a kind that were written since a moment (ms since 1970): an older one tells of another run,
 * or was put there by the worker.
 */
export async function freshFiles(
  cwd: string,
  patterns: readonly string[],
  since: number,
): Promise<ReportFile[]> {
  const { default: glob } = await loadGlob();
  const paths = await glob([...patterns], {
    cwd,
    ignore: IGNORED,
    dot: true,
    deep: DEPTH,
    followSymbolicLinks: false,
    suppressErrors: true,
    caseSensitiveMatch: false,
  });
  const found: ReportFile[] = [];
  for (const path of paths.sort().slice(0, MAX_FILES)) {
    const file = join(cwd, path);
    const facts = await stat(file).catch(() => undefined);
    if (facts === undefined || facts.mtimeMs < since - GRAIN_MS || facts.size > MAX_BYTES) continue;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) found.push({ path, text });
  }
  return found;
}
