import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { byteLength } from '../core/text.ts';

/** Codex reads the same amount of project guidance (codex-cli.md B). */
export const GUIDANCE_BYTES = 32 << 10;
const FILES = ['AGENTS.md', 'CLAUDE.md'] as const;

export type Guidance = {
  text: string;
  /** Project-relative paths that were read, outermost first. */
  files: string[];
  /** The cap was reached; the innermost files are kept, since they are the most specific. */
  truncated: boolean;
};

/**
 * The project's own instructions for agents: AGENTS.md and CLAUDE.md of every directory from `root`
 * down to `cwd`. Isolated settings hide them from the worker, so we pass them on ourselves.
 */
export function projectGuidance(root: string, cwd: string): Guidance {
  const sections: { file: string; text: string }[] = [];
  let left = GUIDANCE_BYTES;
  let truncated = false;
  for (const directory of directoriesUp(root, cwd)) {
    for (const text of distinctTexts(directory)) {
      const file = relative(root, text.path).replaceAll('\\', '/');
      const size = byteLength(text.content);
      if (size > left) truncated = true;
      const kept = size > left ? cutToBytes(text.content, left) : text.content;
      left -= byteLength(kept);
      if (kept !== '') sections.unshift({ file, text: kept });
    }
  }
  return {
    text: sections.map((section) => `## ${section.file}\n\n${section.text.trim()}`).join('\n\n'),
    files: sections.map((section) => section.file),
    truncated,
  };
}

/** From `cwd` up to `root`, so that what is nearest is kept first when the cap is reached. */
function directoriesUp(root: string, cwd: string): string[] {
  const directories: string[] = [];
  for (let at = cwd; ; at = dirname(at)) {
    directories.push(at);
    if (at === root || dirname(at) === at) return directories;
  }
}

/** CLAUDE.md is often a link or a copy of AGENTS.md; the same text is passed on once. */
function distinctTexts(directory: string): { path: string; content: string }[] {
  const found: { path: string; content: string }[] = [];
  for (const name of FILES) {
    const path = join(directory, name);
    const content = readGuidance(path);
    if (content !== undefined && !found.some((other) => other.content === content)) {
      found.push({ path, content });
    }
  }
  return found.reverse();
}

function readGuidance(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return undefined;
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not there or not readable: no guidance
  }
}

function cutToBytes(text: string, bytes: number): string {
  const cut = Buffer.from(text).subarray(0, Math.max(0, bytes));
  // A character cut in half decodes to U+FFFD at the end.
  return cut.toString('utf8').replace(/\uFFFD$/, '');
}
