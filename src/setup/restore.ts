import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { isObject, objectAt } from '../core/json.ts';
import { backupOf } from './backup.ts';
import { renderDifference, renderEntry } from './diff.ts';
import { parseJsonFile } from './json-text.ts';
import { SERVER } from './names.ts';
import type { Part, Setting } from './plan.ts';
import type { Owned } from './receipt.ts';
import { digestOfBytes, readTarget, type Target } from './target.ts';

/**
 * Puts the whole file back as it was before setup first came, where nobody has written since; undefined
 * where somebody has, or where there is no copy.
 */
export async function restoreWhole(owned: Owned): Promise<Part | undefined> {
  if (owned.after === undefined || (owned.backup === undefined && !owned.created)) return undefined;
  const target = await readTarget(owned.path);
  if (target.bytes === undefined || digestOfBytes(target.bytes) !== owned.after) return undefined;
  const after =
    owned.backup === undefined ? undefined : await readFile(owned.backup).catch(() => null);
  if (after === null) return undefined;
  const { client, path } = owned;
  // Claude Code has laid out its file anew; what it says beside our entry is the same.
  const isByClient = owned.pieces === undefined;
  const diff = isByClient
    ? entryDifference(target, after)
    : renderDifference(target.text, after?.toString('utf8') ?? '');
  const whole = after === undefined ? 'nothing else of yours is in it' : 'byte for byte as it was';
  return {
    changes: [
      {
        kind: 'file',
        client,
        path,
        real: target.real,
        before: target.bytes,
        after,
        diff,
        ...(isByClient ? { whole } : {}),
      },
    ],
    notes: [],
    gone: { client, path },
  };
}

function entryDifference({ text, path }: Target, after: Buffer | undefined): string {
  const was = after === undefined ? undefined : entryOf(after.toString('utf8'), path);
  return [renderEntry(entryOf(text, path), '-'), renderEntry(was, '+')]
    .filter((part) => part !== '')
    .join('\n');
}

function entryOf(text: string, path: string): unknown {
  return objectAt(parseJsonFile(text, path), 'mcpServers')?.[SERVER];
}

/**
 * Whether Claude Code's own command has changed nothing of the user's but our entry: beside it there may
 * come what the program notes of itself (when it first started, which migrations ran). Where more
 * differs, another session was writing meanwhile, and its work must not be undone.
 */
export function isOnlyOurEntry(before: Buffer | undefined, now: Buffer, path: string): boolean {
  const was = before === undefined ? {} : parseJsonFile(before.toString('utf8'), path);
  const { mcpServers: wereServers, ...others } = was;
  const { mcpServers: servers, ...rest } = parseJsonFile(now.toString('utf8'), path);
  const without = (value: unknown) => {
    const { [SERVER]: _, ...theirs } = isObject(value) ? value : {};
    return theirs;
  };
  return (
    isDeepStrictEqual(without(servers), without(wereServers)) &&
    Object.entries(rest).every(([key, value]) =>
      key in others ? isDeepStrictEqual(value, others[key]) : isOwnNote(value),
    )
  );
}

function isOwnNote(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

/** Where an entry of the user's was replaced, only the whole file before can bring it back. */
export function replacement(
  { backups }: Setting,
  { path, text }: Target,
  after: string,
  { raw, owned }: { raw: unknown; owned: Owned | undefined },
): Pick<Owned, 'backup' | 'after' | 'replaced'> {
  if (owned === undefined) {
    if (raw === undefined) return {};
    return { replaced: true, backup: backupOf(backups, path), after: digestOfBytes(after) };
  }
  if (owned.backup === undefined) return {};
  const isAsWeLeftIt = owned.after === digestOfBytes(text);
  const digest = isAsWeLeftIt ? { after: digestOfBytes(after) } : {};
  return { replaced: true, backup: owned.backup, ...digest };
}
