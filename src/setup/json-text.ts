import { CcError } from '../core/errors.ts';
import { isObject, type JsonObject, parseJson } from '../core/json.ts';
import { type Edit, lineAt, lineEndingOf } from './edit.ts';

/** Changes a member of somebody else's JSON file in its text; everything around it stays. */

type Member = { key: string; start: number; value: Value };
type Value = { start: number; end: number; members?: Member[] };

/** The document, or BAD_INPUT with the line. */
export function parseJsonFile(text: string, path: string): JsonObject {
  const value = parseJson(text.replace('\ufeff', ''));
  if (isObject(value)) return value;
  const at = value === undefined ? badOffset(text) : undefined;
  const where = at === undefined ? path : `${path}, line ${lineAt(text, at)}`;
  throw new CcError(
    'BAD_INPUT',
    `${where}: not ${at === undefined ? 'a JSON object' : 'valid JSON'}. Nothing was changed.`,
    {
      hint: 'Correct the file (Claude Code cannot read it either), then run this again.',
    },
  );
}

/** Where JSON stops being valid: the end of what the scanner understands. */
function badOffset(text: string): number {
  try {
    const { end } = scan(text, skip(text, text.startsWith('\ufeff') ? 1 : 0));
    return skip(text, end);
  } catch (error) {
    return error instanceof Stop ? error.at : 0;
  }
}

/** Adds `parent.key` with a value; `parent` is created where it is missing. The text must be valid. */
export function addMember(text: string, parent: string, key: string, value: unknown): Edit {
  const root = rootOf(text);
  const holder = root.members?.find((member) => member.key === parent);
  if (holder === undefined) return append(text, root, parent, { [key]: value });
  return append(text, holder.value, key, value);
}

/** Removes `parent.key` with one comma; undefined where it is not there. */
export function removeMember(text: string, parent: string, key: string): Edit | undefined {
  return removal(rootOf(text).members?.find((member) => member.key === parent)?.value.members, key);
}

function removal(members: readonly Member[] | undefined, key: string): Edit | undefined {
  const index = members?.findIndex((member) => member.key === key) ?? -1;
  const found = members?.[index];
  if (members === undefined || found === undefined) return undefined;
  const before = members[index - 1];
  const after = members[index + 1];
  const from = before === undefined ? found.start : before.value.end;
  const to = before === undefined && after !== undefined ? after.start : found.value.end;
  return { at: from, remove: to - from, insert: '' };
}

/** Puts another value in the place of `parent.key`; undefined where that is not there. */
export function replaceMember(
  text: string,
  parent: string,
  key: string,
  value: unknown,
): Edit | undefined {
  const members = rootOf(text).members?.find((member) => member.key === parent)?.value.members;
  const found = members?.find((member) => member.key === key);
  if (found === undefined) return undefined;
  const indent = lineIndent(text, found.start);
  const { start, end } = found.value;
  return { at: start, remove: end - start, insert: rendered(text, value, indent) };
}

/** Removes `key` at the top of the document with one comma; undefined where it is not there. */
export function removeTopMember(text: string, key: string): Edit | undefined {
  return removal(rootOf(text).members, key);
}

function append(text: string, holder: Value, key: string, value: unknown): Edit {
  const eol = lineEndingOf(text);
  const last = holder.members?.at(-1);
  const indent =
    last === undefined ? `${lineIndent(text, holder.start)}  ` : lineIndent(text, last.start);
  const member = `${eol}${indent}${JSON.stringify(key)}: ${rendered(text, value, indent)}`;
  if (last !== undefined) return { at: last.value.end, remove: 0, insert: `,${member}` };
  const empty = text.slice(holder.start + 1, holder.end - 1);
  const closing = empty.includes('\n') ? '' : `${eol}${lineIndent(text, holder.start)}`;
  return { at: holder.start + 1, remove: 0, insert: member + closing };
}

/** As the text around it is written. */
function rendered(text: string, value: unknown, indent: string): string {
  const unit = indent.includes('\t') ? '\t' : 2;
  return JSON.stringify(value, undefined, unit).replaceAll('\n', lineEndingOf(text) + indent);
}

function lineIndent(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? '';
}

function rootOf(text: string): Value {
  return scan(text, skip(text, text.startsWith('\ufeff') ? 1 : 0));
}

class Stop extends Error {
  readonly at: number;
  constructor(at: number) {
    super(`no JSON at ${at}`);
    this.at = at;
  }
}

const SCALAR = /"(?:[^"\\\u0000-\u001f]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function scan(text: string, start: number): Value {
  const open = text[start];
  if (open !== '{' && open !== '[') return { start, end: scalarEnd(text, start) };
  const members: Member[] = [];
  const close = open === '{' ? '}' : ']';
  let at = skip(text, start + 1);
  while (text[at] !== close || members.length > 0) {
    const memberStart = at;
    let key = '';
    if (open === '{') {
      const keyEnd = text[at] === '"' ? scalarEnd(text, at) : stop(at);
      key = String(parseJson(text.slice(at, keyEnd)));
      at = skip(text, keyEnd);
      at = text[at] === ':' ? skip(text, at + 1) : stop(at);
    }
    const value = scan(text, at);
    members.push({ key, start: memberStart, value });
    at = skip(text, value.end);
    if (text[at] === close) break;
    at = text[at] === ',' ? skip(text, at + 1) : stop(at);
  }
  return { start, end: at + 1, ...(open === '{' ? { members } : {}) };
}

function scalarEnd(text: string, at: number): number {
  SCALAR.lastIndex = at;
  return SCALAR.test(text) ? SCALAR.lastIndex : stop(at);
}

function skip(text: string, at: number): number {
  let next = at;
  while (/[ \t\r\n]/.test(text[next] ?? '')) next += 1;
  return next;
}

function stop(at: number): never {
  throw new Stop(at);
}
