import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CcError, errnoOf } from '../core/errors.ts';
import { ifThere } from '../core/if-there.ts';
import { renderDifference, renderWhole } from './diff.ts';
import type { Installation } from './installation.ts';
import { SERVER } from './names.ts';
import { missingDirectories } from './owned-directories.ts';
import { type FileChange, keptNote, type Note, ownedAt, type Part, type Setting } from './plan.ts';
import { quoted } from './quote.ts';
import { isOurFile, type Owned } from './receipt.ts';
import { digestOfBytes } from './target.ts';

/** The skill is called like its directory (Agent Skills). */
export function skillPath({ client, scope, project }: Setting): string {
  if (scope === 'user') return join(client.skills, SERVER);
  const folder = client.client === 'codex' ? '.agents' : '.claude';
  return join(project, folder, 'skills', SERVER);
}

/** The skill by relative path: exactly one SKILL.md, and what it refers to. */
export async function skillFiles({
  skill: root,
}: Pick<Installation, 'skill'>): Promise<Map<string, Buffer>> {
  const files = new Map([['SKILL.md', await readFile(join(root, 'SKILL.md'))]]);
  const entries = await readdir(join(root, 'skill'), { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((item) => item.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(root.length + 1), await readFile(path));
  }
  return files;
}

/** Copies the skill; a file that the user has changed stays, and so does one that is not ours. */
export async function planSkill(setting: Setting): Promise<Part> {
  const path = skillPath(setting);
  if (!(await isPlainDirectory(path))) {
    return { changes: [], notes: [keptNote(setting, path, 'the symbolic link')] };
  }
  const wanted = await skillFiles(setting.installation);
  const owned = ownedAt(setting.owned, setting.client.client, path);
  const changes: FileChange[] = [];
  const files: Record<string, string> = {};
  const notes: Note[] = [];
  for (const name of new Set([...wanted.keys(), ...Object.keys(owned?.files ?? {})])) {
    const after = wanted.get(name);
    const before = await contentOf(join(path, name));
    const isOurs = before !== undefined && isOurFile(owned, name, digestOfBytes(before));
    if (before !== undefined && !isOurs && !setting.options.replace && !after?.equals(before)) {
      notes.push(keptNote(setting, join(path, name), 'the file'));
      // What it was when we wrote it still tells that it was changed since.
      const known = owned?.files?.[name];
      if (known !== undefined && after !== undefined) files[name] = known;
      continue;
    }
    if (after !== undefined) files[name] = digestOfBytes(after);
    if (before === undefined ? after === undefined : after?.equals(before)) continue;
    changes.push(fileChange(setting, { path, name, before, after }));
  }
  const next: Owned = {
    client: setting.client.client,
    kind: 'skill',
    path,
    created: owned?.created ?? (await contentOf(join(path, 'SKILL.md'))) === undefined,
    created_dirs: owned?.created_dirs ?? missingDirectories(join(path, 'SKILL.md')),
    files,
  };
  const isNews = changes.length > 0 || owned?.former !== undefined;
  return { changes, notes, ...(isNews ? { owned: next } : {}) };
}

/** Takes away the files that are as we wrote them. */
export async function planSkillRemoval(setting: Setting, owned: Owned): Promise<Part> {
  const changes: FileChange[] = [];
  const notes: Note[] = [];
  for (const name of new Set(Object.keys({ ...owned.files, ...owned.former?.files }))) {
    const path = join(owned.path, name);
    const before = await contentOf(path);
    if (before === undefined) continue;
    if (isOurFile(owned, name, digestOfBytes(before)))
      changes.push(fileChange(setting, { path: owned.path, name, before, after: undefined }));
    else {
      notes.push({
        level: 'kept',
        client: owned.client,
        text: `${path} was changed by you; it stays.`,
        fix: `rm ${quoted(path)}`,
      });
    }
  }
  return { changes, notes, gone: { client: owned.client, path: owned.path } };
}

async function isPlainDirectory(path: string): Promise<boolean> {
  const found = await ifThere(lstat(path));
  if (found === undefined || found.isDirectory()) return true;
  if (found.isSymbolicLink()) return false;
  throw new CcError(
    'NOT_ALLOWED',
    `${path} is a file where the skill's directory belongs. Nothing was changed.`,
    {
      hint: 'Move it away, then run this again.',
    },
  );
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    if (errnoOf(error) !== 'EISDIR') throw error;
    throw new CcError(
      'NOT_ALLOWED',
      `${path} is a directory where a file of the skill belongs. Nothing was changed.`,
      {
        hint: 'Move it away, then run this again.',
      },
    );
  }
}

function fileChange(
  { client, installation }: Setting,
  file: { path: string; name: string; before: Buffer | undefined; after: Buffer | undefined },
): FileChange {
  const { before, after } = file;
  const path = join(file.path, file.name);
  const whole = before === undefined || after === undefined;
  return {
    kind: 'file',
    client: client.client,
    path,
    real: path,
    before,
    after,
    diff: diffOf(before, after),
    ...(whole ? { copyOf: join(installation.skill, file.name) } : {}),
  };
}

function diffOf(before: Buffer | undefined, after: Buffer | undefined): string {
  if (before === undefined) return renderWhole(after?.toString('utf8') ?? '', '+');
  if (after === undefined) return renderWhole(before.toString('utf8'), '-');
  return renderDifference(before.toString('utf8'), after.toString('utf8'));
}
