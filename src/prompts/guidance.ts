import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { byteLength, neutralise } from '../core/text.ts';

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
    for (const { path, content } of distinctTexts(root, directory)) {
      const file = relative(root, path).replaceAll('\\', '/');
      const room = left - byteLength(heading(file));
      if (byteLength(content) > room) truncated = true;
      const text = cutToBytes(content, room).trim();
      if (text === '') continue;
      left = room - byteLength(text);
      sections.unshift({ file, text });
    }
  }
  return {
    text: sections
      .map(({ file, text }) => heading(file) + text)
      .join('')
      .trim(),
    files: sections.map((section) => section.file),
    truncated,
  };
}

function heading(file: string): string {
  return `\n\n## ${file}\n\n`;
}

/** From `cwd` up to `root`, so that what is nearest is kept first when the cap is reached. */
function directoriesUp(root: string, cwd: string): string[] {
  const directories: string[] = [];
  for (let at = cwd; at !== root; at = dirname(at)) {
    // Never above the project: what lies there was not written for it.
    if (dirname(at) === at) return [];
    directories.push(at);
  }
  return [...directories, root];
}

/** CLAUDE.md is often a link or a copy of AGENTS.md; the same text is passed on once. */
function distinctTexts(root: string, directory: string): { path: string; content: string }[] {
  const found: { path: string; content: string }[] = [];
  for (const name of FILES) {
    const path = join(directory, name);
    const content = readGuidance(root, path);
    if (content !== undefined && !found.some((other) => other.content === content)) {
      found.push({ path, content });
    }
  }
  return found.reverse();
}

/**
 * A link may lead to another file of the project, never out of it: a repository could otherwise have
 * any file of its user sent to a model service.
 */
function readGuidance(root: string, path: string): string | undefined {
  try {
    const real = realpathSync(path);
    if (!real.startsWith(realpathSync(root) + sep) || real.split(sep).includes('.git')) return;
    const bytes = readStart(real, GUIDANCE_BYTES + 1);
    if (bytes === undefined || bytes.includes(0)) return undefined; // binary: no text to follow
    return neutralise(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    return undefined; // not there or not readable: no guidance
  }
}

/** The first bytes of a regular file, however large it is; undefined for anything else. */
function readStart(path: string, bytes: number): Buffer | undefined {
  // A named pipe would otherwise hold us until somebody writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(fd, buffer, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

function cutToBytes(text: string, bytes: number): string {
  const cut = Buffer.from(text).subarray(0, Math.max(0, bytes));
  // A character cut in half decodes to U+FFFD at the end.
  return cut.toString('utf8').replace(/\uFFFD$/, '');
}
