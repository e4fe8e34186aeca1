import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { applyParts } from '../setup/apply.ts';
import { newBackups } from '../setup/backup.ts';
import { renderDifference, renderWhole } from '../setup/diff.ts';
import { type FileChange, fileChange } from '../setup/plan.ts';
import type { Host } from '../workspace/host.ts';
import { GUIDANCE_FILES, type GuidanceFile } from './guidance.ts';
import { sectionIn, withoutSection } from './guidance-section.ts';
import { holdsMarker } from './marked.ts';
import { readProjectFile } from './project-file.ts';

export type PlannedRemoval = { file: GuidanceFile; change: FileChange };

/**
 * Takes our section out of CLAUDE.md and AGENTS.md again, or only tells what it would do: the file is then
 * as it was before, and goes where it came with the section and holds nothing else. A section that
 * somebody has changed takes `force`. What changes is copied first; `backups` is where.
 */
export async function removeGuidance(
  host: Host,
  root: string,
  options: { force: boolean; apply: boolean },
): Promise<{ files: GuidanceFile[]; backups?: string }> {
  const planned: PlannedRemoval[] = [];
  for (const { name } of GUIDANCE_FILES) {
    const found = await planRemoval(root, name, options);
    // One of the two is often a link to the other.
    if (found === undefined || planned.some(({ change }) => change.real === found.change.real))
      continue;
    planned.push(found);
  }
  const files = planned.map(({ file }) => file);
  if (!options.apply || planned.length === 0) return { files };
  const edited = files.filter(({ state }) => state === 'edited').map(({ path }) => path);
  if (edited.length > 0) {
    throw new CcError(
      'NOT_ALLOWED',
      `Somebody has changed our section in ${edited.join(' and ')}. Nothing was changed.`,
      { hint: 'Move what is to stay out of the section, or add force: a copy is kept.' },
    );
  }
  const backups = newBackups(host);
  const changes = planned.map(({ change }) => change);
  const { backedUp } = await applyParts(host, [{ changes, notes: [] }], backups);
  return { files, ...(backedUp > 0 ? { backups } : {}) };
}

/**
 * What a removal does to one of the files; undefined where nothing of ours is in it, also where it could
 * not be changed.
 */
export async function planRemoval(
  root: string,
  name: string,
  { force }: { force: boolean },
): Promise<PlannedRemoval | undefined> {
  const target = await readProjectFile(root, name).catch(async (error: unknown) => {
    if (await holdsMarker(join(root, name))) throw error;
    return undefined;
  });
  if (target === undefined) return undefined;
  const { text, path, bytes } = target;
  const section = bytes === undefined ? undefined : sectionIn(text, path);
  if (section === undefined) return undefined;
  const rest = withoutSection(text, section);
  const isOurs = section.origin === 'new' && rest.replace('\ufeff', '').trim() === '';
  // A link is the user's, whatever it leads to.
  const goes = isOurs && !(await lstat(path)).isSymbolicLink();
  const diff = goes ? renderWhole(text, '-') : renderDifference(text, rest);
  const client = GUIDANCE_FILES.find((file) => file.name === name)?.client ?? 'claude';
  const removal = goes ? 'deleted' : 'removed';
  const state = section.edited && !force ? 'edited' : removal;
  return {
    file: { path, state, diff },
    change: fileChange(client, target, goes ? undefined : rest, diff),
  };
}
