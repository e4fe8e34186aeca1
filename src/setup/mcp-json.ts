import { isDeepStrictEqual } from 'node:util';
import { CcError } from '../core/errors.ts';
import { isObject, type JsonObject, objectAt } from '../core/json.ts';
import { renderDifference, renderWhole } from './diff.ts';
import { applyEdits, cutOut } from './edit.ts';
import { addMember, parseJsonFile, removeMember } from './json-text.ts';
import { SERVER } from './names.ts';
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
import { readTarget } from './target.ts';

const SERVERS = 'mcpServers';
const EMPTY = '{}\n';

/** Our member of a project's `.mcp.json`, written or brought up to date. */
export async function planMcpJson(
  setting: Setting,
  path: string,
  entry: JsonObject,
): Promise<Part> {
  const target = await readTarget(path);
  const text = target.bytes === undefined ? EMPTY : target.text;
  const document = parseJsonFile(text, path);
  const raw = objectAt(document, SERVERS)?.[SERVER];
  const owned = ownedAt(setting.owned, 'claude', path);
  if (isDeepStrictEqual(raw, entry)) return nothingToDo(owned);
  const isOurs = isOurValue(owned, raw);
  if (raw !== undefined && !isOurs && !setting.options.replace) {
    return { changes: [], notes: [keptNote(setting, path, `${SERVERS}.${SERVER}`)] };
  }
  if (SERVERS in document && !isObject(document[SERVERS])) throw noObject(path);
  const removal = raw === undefined ? undefined : removeMember(text, SERVERS, SERVER);
  const rest = removal === undefined ? text : applyEdits(text, [removal]);
  const addition = addMember(rest, SERVERS, SERVER, entry);
  const after = applyEdits(rest, [addition]);
  const wanted = { ...document, [SERVERS]: { ...objectAt(document, SERVERS), [SERVER]: entry } };
  if (!isDeepStrictEqual(parseJsonFile(after, path), wanted)) throw noObject(path);
  return {
    changes: [
      fileChange(
        'claude',
        target,
        after,
        target.bytes === undefined ? renderWhole(after, '+') : renderDifference(text, after),
      ),
    ],
    notes: [
      {
        level: 'info',
        client: 'claude',
        text: `${path} names paths of this machine; Claude Code asks once whether it may use it. Do not commit it unless everybody has the same paths.`,
      },
    ],
    owned: {
      client: 'claude',
      kind: 'config',
      path,
      created: owned?.created ?? target.bytes === undefined,
      created_dirs: owned?.created_dirs ?? missingDirectories(path),
      pieces: [addition.insert],
      value: { ...entry },
      ...replacement(setting, target, after, { raw, owned }),
    },
  };
}

export async function planMcpJsonRemoval(setting: Setting, owned: Owned): Promise<Part> {
  const gone = { client: 'claude', path: owned.path } as const;
  const target = await readTarget(owned.path);
  if (target.bytes === undefined) return { changes: [], notes: [], gone };
  const { text, path } = target;
  const document = parseJsonFile(text, path);
  const raw = objectAt(document, SERVERS)?.[SERVER];
  const notes: Note[] = namesOf(document[SERVERS], [owned.value, owned.former?.value]).map((name) =>
    underAnotherName(target, 'claude', `${SERVERS}.${name}`),
  );
  if (raw === undefined) return { changes: [], notes, gone };
  if (!isOurValue(owned, raw)) {
    notes.push(changedSince(setting, path));
  }
  const cut = [owned.pieces, owned.former?.pieces].map((pieces) =>
    rightly(cutOut(text, pieces ?? []), document, path),
  );
  const after = cut.find((rest) => rest !== undefined) ?? byStructure(text);
  if (rightly(after, document, path) === undefined) throw noObject(path);
  const isEmpty = owned.created && isNothing(parseJsonFile(after, path));
  const diff = isEmpty ? renderWhole(text, '-') : renderDifference(text, after);
  return {
    changes: [fileChange('claude', target, isEmpty ? undefined : after, diff)],
    notes,
    gone,
  };
}

/** Also where it is there twice, as after a merge. */
function byStructure(text: string): string {
  let rest = text;
  for (;;) {
    const edit = removeMember(rest, SERVERS, SERVER);
    if (edit === undefined) return rest;
    rest = applyEdits(rest, [edit]);
  }
}

/** The text, if it says what the document said but for our member. */
function rightly(text: string | undefined, document: JsonObject, path: string): string | undefined {
  if (text === undefined) return undefined;
  try {
    return isDeepStrictEqual(without(parseJsonFile(text, path)), without(document)) &&
      objectAt(parseJsonFile(text, path), SERVERS)?.[SERVER] === undefined
      ? text
      : undefined;
  } catch {
    return undefined;
  }
}

function without(document: JsonObject): JsonObject {
  const { [SERVERS]: servers, ...rest } = document;
  const { [SERVER]: _, ...others } = isObject(servers) ? servers : {};
  return Object.keys(others).length === 0 ? rest : { ...rest, [SERVERS]: others };
}

function isNothing(document: JsonObject): boolean {
  return Object.keys(without(document)).length === 0;
}

function noObject(path: string): CcError {
  return new CcError(
    'NOT_ALLOWED',
    `${path}: ${SERVERS} is no object that can be changed in place. Nothing was changed.`,
    {
      hint: `Correct it by hand: {"${SERVERS}": {…}}.`,
    },
  );
}
