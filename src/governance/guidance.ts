import { applyParts } from '../setup/apply.ts';
import { newBackups } from '../setup/backup.ts';
import { renderDifference, renderWhole } from '../setup/diff.ts';
import { lineEndingOf } from '../setup/edit.ts';
import type { Client } from '../setup/names.ts';
import { type FileChange, fileChange } from '../setup/plan.ts';
import type { Target } from '../setup/target.ts';
import { rememberWorkspace } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { type Section, sectionIn } from './guidance-section.ts';
import { type GuidanceState, guidanceBlock, type Origin } from './guidance-text.ts';
import { readProjectFile } from './project-file.ts';

export type GuidanceFile = { path: string; state: GuidanceState; diff?: string };

/** What each client reads of a project. */
export const GUIDANCE_FILES: readonly { name: string; client: Client }[] = [
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
  for (const { name, client } of options.agents ? GUIDANCE_FILES : GUIDANCE_FILES.slice(0, 1)) {
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
  // So that uninstall finds the section.
  await rememberWorkspace(host.home, root, host.clock);
  const backups = newBackups(host);
  const { backedUp } = await applyParts(host, [{ changes, notes: [] }], backups);
  return { files, ...(backedUp > 0 ? { backups } : {}) };
}

function planned(target: Target, force: boolean): { state: GuidanceState; after: string } {
  const { text, bytes, path } = target;
  if (bytes === undefined) return { state: 'created', after: guidanceBlock('\n', 'new') };
  const eol = lineEndingOf(text);
  if (force) return changed(text, guidanceBlock(eol, originOfFile(text, path)), 'replaced');
  const at = sectionIn(text, path);
  if (at !== undefined) {
    const block = guidanceBlock(eol, at.origin);
    // The last line of the file may lack its end, and keeps lacking it.
    const fresh = at.end === text.length && !text.endsWith('\n') ? block.trimEnd() : block;
    return changed(text, text.slice(0, at.start) + fresh + text.slice(at.end), 'updated');
  }
  const bare = text.replace('\ufeff', '');
  const isEnded = bare === '' || bare.endsWith('\n');
  const gap = bare === '' ? '' : (isEnded ? '' : eol) + eol;
  const block = guidanceBlock(eol, isEnded ? undefined : 'unended');
  return { state: 'added', after: text + gap + block };
}

/** A file that came with the section; whatever else was in it is going to be gone. */
function originOfFile(text: string, path: string): Origin {
  let section: Section | undefined;
  try {
    section = sectionIn(text, path);
  } catch {
    // What is forced over markers that are no pair is forced over the user's own text.
  }
  return section?.origin === 'new' ? 'new' : undefined;
}

function changed(before: string, after: string, state: GuidanceState) {
  return { state: before === after ? ('current' as const) : state, after };
}
