import { CcError } from '../core/errors.ts';
import { applyParts } from '../setup/apply.ts';
import { newBackups } from '../setup/backup.ts';
import { renderDifference, renderWhole } from '../setup/diff.ts';
import { lineEndingOf } from '../setup/edit.ts';
import type { Client } from '../setup/names.ts';
import { type FileChange, fileChange } from '../setup/plan.ts';
import type { Target } from '../setup/target.ts';
import type { Host } from '../workspace/host.ts';
import { BEGIN, END, guidanceBlock } from './guidance-text.ts';
import { readProjectFile } from './project-file.ts';

/** `current`: our section is there already, as it is to be. */
export type GuidanceState = 'created' | 'added' | 'updated' | 'replaced' | 'current';

export type GuidanceFile = { path: string; state: GuidanceState; diff?: string };

/** What each client reads of a project. */
const FILES: readonly { name: string; client: Client }[] = [
  { name: 'CLAUDE.md', client: 'claude' },
  { name: 'AGENTS.md', client: 'codex' },
];

/**
 * Writes our section into CLAUDE.md (and AGENTS.md), or only tells what it would do. Everything outside
 * of the section stays byte for byte, unless `force`, which puts the section in place of the whole file.
 * What changes is copied first; `backups` is where.
 */
export async function writeGuidance(
  host: Host,
  root: string,
  options: { agents: boolean; force: boolean; apply: boolean },
): Promise<{ files: GuidanceFile[]; backups?: string }> {
  const files: GuidanceFile[] = [];
  const changes: FileChange[] = [];
  for (const { name, client } of options.agents ? FILES : FILES.slice(0, 1)) {
    const target = await readProjectFile(root, name);
    // One of the two is often a link to the other.
    if (changes.some(({ real }) => real === target.real)) continue;
    const { state, after } = planned(target, options.force);
    if (state === 'current') {
      files.push({ path: target.path, state });
      continue;
    }
    const isNew = target.bytes === undefined;
    const diff = isNew ? renderWhole(after, '+') : renderDifference(target.text, after);
    files.push({ path: target.path, state, diff });
    changes.push(fileChange(client, target, after, diff));
  }
  if (!options.apply || changes.length === 0) return { files };
  const backups = newBackups(host);
  const { backedUp } = await applyParts(host, [{ changes, notes: [] }], backups);
  return { files, ...(backedUp > 0 ? { backups } : {}) };
}

function planned(target: Target, force: boolean): { state: GuidanceState; after: string } {
  const { text, bytes, path } = target;
  if (bytes === undefined) return { state: 'created', after: guidanceBlock('\n') };
  const eol = lineEndingOf(text);
  const block = guidanceBlock(eol);
  if (force) return changed(text, block, 'replaced');
  const at = sectionIn(text, path);
  if (at !== undefined) {
    // The last line of the file may lack its end, and keeps lacking it.
    const fresh = at.end === text.length && !text.endsWith('\n') ? block.trimEnd() : block;
    return changed(text, text.slice(0, at.start) + fresh + text.slice(at.end), 'updated');
  }
  const bare = text.replace('\ufeff', '');
  const gap = bare === '' ? '' : (bare.endsWith('\n') ? '' : eol) + eol;
  return { state: 'added', after: text + gap + block };
}

function changed(before: string, after: string, state: GuidanceState) {
  return { state: before === after ? ('current' as const) : state, after };
}

/** From the first marker to behind the line of the last one; undefined where there is none. */
function sectionIn(text: string, path: string): { start: number; end: number } | undefined {
  const begins = linesThatAre(text, BEGIN.slice(0, BEGIN.indexOf(' (')));
  const ends = linesThatAre(text, END);
  if (begins.length === 0 && ends.length === 0) return undefined;
  const [start] = begins;
  const [end] = ends;
  if (begins.length === 1 && ends.length === 1 && start && end && start.start < end.start) {
    return { start: start.start, end: end.end };
  }
  throw new CcError(
    'NOT_ALLOWED',
    `${path}: the lines around our section are not one pair (${begins.length} begin, ${ends.length} end). Nothing was changed.`,
    { hint: `Leave one "${END}" below one "${BEGIN}", or remove them all.` },
  );
}

/** Lines that begin with a marker, with their line ends. */
function linesThatAre(text: string, marker: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let at = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const start = at + (at === 0 && line.startsWith('\ufeff') ? 1 : 0);
    at += line.length;
    if (text.startsWith(marker, start)) found.push({ start, end: at });
  }
  return found;
}
