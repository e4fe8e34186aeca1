import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CcError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { isObject, objectAt } from '../core/json.ts';
import { codexEntry, isApproved } from './codex-entry.ts';
import { renderDifference, renderEdits, renderWhole } from './diff.ts';
import { applyEdits, type Edit, lineEndingOf } from './edit.ts';
import { GRACE_KEY, OWN_COMMENT, SERVER } from './names.ts';
import { missingDirectories } from './owned-directories.ts';
import {
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
import { replacement } from './restore.ts';
import { readTarget, type Target } from './target.ts';
import * as toml from './toml.ts';

const GRACE_MS = 5000;

export function codexConfigPath({ client, scope, project }: Setting): string {
  return scope === 'user' ? client.config : join(project, '.codex', 'config.toml');
}

/** Our table in Codex's configuration, written or brought up to date. */
export async function planCodexConfig(setting: Setting): Promise<Part> {
  const target = await readTarget(codexConfigPath(setting));
  const document = toml.parseToml(target.text, target.path);
  const owned = ownedAt(setting.owned, 'codex', target.path);
  const raw = objectAt(document, 'mcp_servers')?.[SERVER];
  const current = isObject(raw) ? raw : undefined;
  const approve = setting.options.approve ?? isApproved(owned?.value);
  const before = owned?.value;
  const entry = await codexEntry(setting, { approve, before: objectAt({ before }, 'before') });
  const table = tableEdits(setting, target, { raw, entry, owned });
  if (table === 'kept') {
    const what = `[mcp_servers.${SERVER}] (${differing(current, entry)})`;
    return { changes: [], notes: [keptNote(setting, target.path, what)] };
  }
  const grace = graceEdit(setting, target.text, document);
  const edits = [...table, ...grace];
  if (edits.length === 0) return nothingToDo(owned);
  const wanted = {
    ...toml.withServer(document, SERVER, entry),
    ...(grace.length === 0 ? {} : { [GRACE_KEY]: GRACE_MS }),
  };
  const after = toml.checked(target.text, edits, (now) => isDeepStrictEqual(now, wanted));
  if (after === undefined) throw cannotEdit(target);
  return {
    changes: [fileChange('codex', target, after, renderEdits(target.text, edits))],
    notes: projectNotes(setting),
    owned: {
      client: 'codex',
      kind: 'config',
      path: target.path,
      created: owned?.created ?? target.bytes === undefined,
      created_dirs: owned?.created_dirs ?? missingDirectories(target.path),
      pieces: [
        ...table.flatMap(({ insert }) => (insert === '' ? [] : [insert])),
        ...(table.length === 0 ? (owned?.pieces?.slice(0, 1) ?? []) : []),
        ...(grace.length === 0
          ? (owned?.pieces?.slice(1) ?? [])
          : grace.map(({ insert }) => insert)),
      ],
      value: entry,
      ...replacement(setting, target, after, { raw, owned }),
    },
  };
}

/** Nothing, an insertion, a replacement in place; or `kept`, where the user's own must stay. */
function tableEdits(
  { options }: Setting,
  { text, path }: Target,
  { raw, entry, owned }: { raw: unknown; entry: JsonObject; owned: Owned | undefined },
): Edit[] | 'kept' {
  const block = toml.serverBlock(SERVER, entry, OWN_COMMENT);
  if (raw === undefined) return [toml.appendBlock(text, block)];
  if (isDeepStrictEqual(raw, entry)) return [];
  const isOurs = isOurValue(owned, raw);
  if (!isOurs && !options.replace) return 'kept';
  const piece = [owned?.pieces?.[0], owned?.former?.pieces?.[0]].find(
    (item) => item !== undefined && text.includes(item),
  );
  if (isOurs && piece !== undefined) {
    const at = text.indexOf(piece);
    const gap = /^[\r\n]*/.exec(piece)?.[0] ?? '';
    const eol = piece.includes('\r\n') ? '\r\n' : '\n';
    return [{ at, remove: piece.length, insert: gap + block.replaceAll('\n', eol) }];
  }
  const removal = toml.removeServer(text, SERVER, OWN_COMMENT);
  if (removal === undefined) throw cannotEdit({ path });
  const rest = applyEdits(text, removal);
  const { insert } = toml.appendBlock(rest, block);
  return [...removal, { at: text.length, remove: 0, insert }];
}

function graceEdit({ options }: Setting, text: string, document: JsonObject): Edit[] {
  if (options.startupGrace !== true || GRACE_KEY in document) return [];
  return [toml.prependKey(text, `${GRACE_KEY} = ${GRACE_MS}`, OWN_COMMENT)];
}

/** Our table taken out again; what was there before is there again, byte for byte. */
export async function planCodexRemoval(setting: Setting, owned: Owned): Promise<Part> {
  const gone = { client: 'codex', path: owned.path } as const;
  const target = await readTarget(owned.path);
  if (target.bytes === undefined) return { changes: [], notes: [], gone };
  const document = toml.parseToml(target.text, target.path);
  const notes: Note[] = [];
  const gracePiece = owned.pieces?.[1] ?? owned.former?.pieces?.[1];
  const bare = (value: JsonObject) => {
    const { [GRACE_KEY]: _, ...rest } = toml.withoutServer(value, SERVER);
    return gracePiece === undefined ? toml.withoutServer(value, SERVER) : rest;
  };
  const isRight = (now: JsonObject) =>
    toml.serverOf(now, SERVER) === undefined && isDeepStrictEqual(bare(now), bare(document));
  const named = otherNames(document, owned);
  notes.push(...named.map((name) => underAnotherName(target, 'codex', `[mcp_servers.${name}]`)));
  let after = [owned.pieces, owned.former?.pieces]
    .flatMap((pieces = []) => (pieces.length === 0 ? [] : [pieces, reEnded(pieces, target.text)]))
    .map((pieces) => toml.withoutPieces(target.text, pieces, isRight))
    .find((text) => text !== undefined);
  if (after === undefined) {
    const own = gracePiece !== undefined && document[GRACE_KEY] === GRACE_MS;
    after = byStructure(target.text, own, isRight);
    if (after === undefined) throw cannotEdit(target);
    // Somebody has taken it out already, or it was never written.
    if (after === target.text) return { changes: [], notes, gone };
    if (toml.serverOf(document, SERVER) !== undefined) {
      notes.push(changedSince(setting, target.path));
    }
    if (gracePiece !== undefined && GRACE_KEY in toml.parseToml(after, target.path)) {
      notes.push({
        level: 'kept',
        client: 'codex',
        text: `${target.path}: ${GRACE_KEY} was set by setup and changed since; it stays.`,
      });
    }
  }
  const isEmpty = owned.created && after.replace('\ufeff', '').trim() === '';
  const diff = isEmpty ? renderWhole(target.text, '-') : renderDifference(target.text, after);
  return { changes: [fileChange('codex', target, isEmpty ? undefined : after, diff)], notes, gone };
}

function byStructure(
  text: string,
  grace: boolean,
  isRight: (document: JsonObject) => boolean,
): string | undefined {
  const table = toml.removeServer(text, SERVER, OWN_COMMENT) ?? [];
  const key = grace ? toml.removeTopKey(text, GRACE_KEY, OWN_COMMENT) : [];
  return toml.checked(text, [...table, ...key], isRight) ?? toml.checked(text, table, isRight);
}

/** An editor, or git, may have changed all ends of lines. */
function reEnded(pieces: readonly string[], text: string): string[] {
  const eol = lineEndingOf(text);
  return pieces.map((piece) => piece.replaceAll('\r\n', '\n').replaceAll('\n', eol));
}

/** Entries that start what ours started, under a name that somebody has given them. */
function otherNames(document: JsonObject, { value, former }: Owned): string[] {
  return namesOf(objectAt(document, 'mcp_servers'), [value, former?.value]);
}

function differing(current: JsonObject | undefined, entry: JsonObject): string {
  return Object.keys({ ...current, ...entry })
    .filter((key) => !isDeepStrictEqual(current?.[key], entry[key]))
    .join(', ');
}

function projectNotes({ scope, project }: Setting): Note[] {
  if (scope === 'user') return [];
  return [
    {
      level: 'info',
      client: 'codex',
      text: `Codex reads a project's configuration only when it trusts ${project}: start codex there once and agree, or run codex exec --trust.`,
    },
  ];
}

function cannotEdit({ path }: Pick<Target, 'path'>): CcError {
  return new CcError(
    'NOT_ALLOWED',
    `${path} holds mcp_servers in a form that cannot be changed without touching what is yours (inline or dotted). Nothing was changed.`,
    {
      hint: `Change it by hand: write [mcp_servers.${SERVER}] as a table of its own, or remove it.`,
    },
  );
}
