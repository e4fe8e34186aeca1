import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CcError } from '../core/errors.ts';
import { isObject, type JsonObject, objectAt } from '../core/json.ts';
import { backupOf } from './backup.ts';
import { renderDifference, renderEntry } from './diff.ts';
import { applyEdits } from './edit.ts';
import { parseJsonFile, removeMember } from './json-text.ts';
import { planMcpJson, planMcpJsonRemoval } from './mcp-json.ts';
import { SERVER } from './names.ts';
import {
  type Change,
  type CommandChange,
  changedSince,
  fileChange,
  keptNote,
  type Note,
  nothingToDo,
  ownedAt,
  type Part,
  type Setting,
} from './plan.ts';
import { isOurValue, type Owned } from './receipt.ts';
import { namesOf, underAnotherName } from './renamed.ts';
import { digestOfBytes, readTarget, type Target } from './target.ts';

/** The server as Claude Code writes it. */
function claudeEntry({ installation }: Pick<Setting, 'installation'>): JsonObject {
  return { type: 'stdio', ...installation.server };
}

export function claudeConfigPath({ client, scope, project }: Setting): string {
  return scope === 'user' ? client.config : join(project, '.mcp.json');
}

/**
 * For all projects the entry is made by Claude Code's own command: the file is its own, it rewrites it
 * all the time, and only it knows how to lock it. A project's `.mcp.json` is the user's.
 */
export async function planClaudeConfig(setting: Setting): Promise<Part> {
  if (setting.scope === 'project')
    return planMcpJson(setting, claudeConfigPath(setting), claudeEntry(setting));
  const target = await readTarget(claudeConfigPath(setting));
  const entry = claudeEntry(setting);
  const raw = currentEntry(target);
  const owned = ownedAt(setting.owned, 'claude', target.path);
  if (isDeepStrictEqual(raw, entry)) return nothingToDo(owned);
  const isOurs = isOurValue(owned, raw);
  if (raw !== undefined && !isOurs && !setting.options.replace) {
    return { changes: [], notes: [keptNote(setting, target.path, `mcpServers.${SERVER}`)] };
  }
  const commands = [
    ...(raw === undefined ? [] : [removeCommand()]),
    ['mcp', 'add-json', '--scope', 'user', SERVER, JSON.stringify(entry)],
  ];
  // Through upgrades, as long as nobody but us has written.
  const isAsWeLeftIt = owned === undefined || owned.after === digestOfBytes(target.text);
  const backup = owned === undefined ? firstBackup(setting, target) : owned.backup;
  return {
    changes: [commandChange(setting, target, commands, { before: raw, after: entry })],
    notes: [],
    owned: {
      client: 'claude',
      kind: 'config',
      path: target.path,
      created: owned?.created ?? target.bytes === undefined,
      created_dirs: [],
      value: { ...entry },
      ...(backup === undefined ? {} : { backup }),
      ...((owned?.replaced ?? (owned === undefined && raw !== undefined))
        ? { replaced: true }
        : {}),
    },
    ...(isAsWeLeftIt ? { restorable: true } : {}),
  };
}

/** What was there before setup first came. */
function firstBackup({ backups }: Setting, { path, bytes }: Target): string | undefined {
  return bytes === undefined ? undefined : backupOf(backups, path);
}

export async function planClaudeRemoval(setting: Setting, owned: Owned): Promise<Part> {
  if (owned.value === undefined || owned.pieces !== undefined)
    return planMcpJsonRemoval(setting, owned);
  const gone = { client: 'claude', path: owned.path } as const;
  const target = await readTarget(owned.path);
  const raw = currentEntry(target);
  const servers = target.bytes && parseJsonFile(target.text, target.path).mcpServers;
  const notes: Note[] = namesOf(servers, [owned.value, owned.former?.value]).map((name) =>
    underAnotherName(target, 'claude', `mcpServers.${name}`),
  );
  if (raw === undefined) return { changes: [], notes, gone };
  if (!isOurValue(owned, raw)) {
    notes.push(changedSince(setting, target.path));
  }
  const nothing = { before: raw, after: undefined };
  const change =
    setting.client.binary === undefined
      ? textRemoval(target)
      : commandChange(setting, target, [removeCommand()], nothing);
  return { changes: [change], notes, gone };
}

/** Without Claude Code nobody else writes its file either. */
function textRemoval(target: Target): Change {
  const { text } = target;
  const edit = removeMember(text, 'mcpServers', SERVER);
  const after = edit === undefined ? text : applyEdits(text, [edit]);
  return fileChange('claude', target, after, renderDifference(text, after));
}

function currentEntry({ text, path, bytes }: Target): unknown {
  if (bytes === undefined) return undefined;
  return objectAt(parseJsonFile(text, path), 'mcpServers')?.[SERVER];
}

function removeCommand(): string[] {
  return ['mcp', 'remove', '--scope', 'user', SERVER];
}

function commandChange(
  { client }: Setting,
  { path, bytes }: Target,
  commands: string[][],
  { before, after }: { before: unknown; after: JsonObject | undefined },
): CommandChange {
  if (client.binary === undefined) {
    throw new CcError(
      'WORKER_NOT_FOUND',
      'Claude Code is not found, and only it changes its file.',
      {
        hint: 'Install it (npm install -g @anthropic-ai/claude-code) or set CC_CLAUDE_PATH; without it: --scope project, or --client codex.',
      },
    );
  }
  return {
    kind: 'command',
    client: 'claude',
    path,
    before: bytes,
    file: client.binary,
    commands,
    expected: isObject(after) ? { ...after } : undefined,
    diff: [renderEntry(before, '-'), renderEntry(after, '+')]
      .filter((part) => part !== '')
      .join('\n'),
  };
}
