import { parse, stringify, TomlError } from 'smol-toml';
import { CcError } from '../core/errors.ts';
import { isObject, type JsonObject, objectAt } from '../core/json.ts';
import { applyEdits, cutOut, type Edit, lineEndingOf } from './edit.ts';

/*
 * Changes tables of somebody else's TOML file in its text, so that everything around them stays byte
 * for byte. Codex's own editor (app-server `config/batchWrite`) keeps comments, but it drops a BOM, turns
 * CRLF into LF and narrows the mode of the file (measured with 0.169.0). Every result is parsed again and
 * must be what was meant, or nothing is changed.
 */

const BOM = '\ufeff';
const SERVERS = 'mcp_servers';

/** The document without its BOM, parsed; throws BAD_INPUT with the line. */
export function parseToml(text: string, path: string): JsonObject {
  try {
    return plain(parse(text.replace(BOM, ''), { integersAsBigInt: 'asNeeded' }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.split('\n');
    throw new CcError('BAD_INPUT', `${path}, line ${error.line}: ${what}. Nothing was changed.`, {
      hint: 'Correct that line (Codex cannot read the file either), then run this again.',
    });
  }
}

export function serverOf(document: JsonObject, name: string): JsonObject | undefined {
  return objectAt(objectAt(document, SERVERS), name);
}

/** A whole `[mcp_servers.<name>]` with its sub-tables, under a comment that says whose it is. */
export function serverBlock(name: string, entry: JsonObject, comment: string): string {
  return `# ${comment}\n${stringify({ [SERVERS]: { [name]: entry } })}`;
}

/** Puts the block behind everything else. */
export function appendBlock(text: string, block: string): Edit {
  const eol = lineEndingOf(text);
  const bare = text.replace(BOM, '');
  const ended = bare === '' || bare.endsWith('\n');
  const gap = (ended ? '' : eol) + (bare === '' ? '' : eol);
  return { at: text.length, remove: 0, insert: gap + block.replaceAll('\n', eol) };
}

/** Puts a top-level key before everything else: behind a table it would belong to that table. */
export function prependKey(text: string, line: string, comment: string): Edit {
  const eol = lineEndingOf(text);
  return {
    at: text.startsWith(BOM) ? 1 : 0,
    remove: 0,
    insert: [`# ${comment}`, line, '', ''].join(eol),
  };
}

/**
 * The edits that take a server's tables out of the text, comments between their lines included;
 * undefined where it is written in another form (inline, dotted keys) than tables of its own.
 */
export function removeServer(text: string, name: string, comment: string): Edit[] | undefined {
  const lines = text.split(/(?<=\n)/);
  const headers = lines.map((line) => (/^[ \t\ufeff]*\[/.test(line) ? headerOf(line) : undefined));
  const edits: Edit[] = [];
  let at = 0;
  let own = false;
  /** Lines that are blank or a comment belong to what follows, unless more of ours does. */
  let pending = 0;
  lines.forEach((line, index) => {
    const header = headers[index];
    if (header !== undefined) own = serverOf(header, name) !== undefined;
    const idle = /^[ \t]*(?:#.*)?\r?\n?$/.test(line);
    const title = line.trim() === `# ${comment}` && isOwn(headers[index + 1], name);
    if (title || (own && !idle)) {
      // Before the title stands the blank line that came with it.
      const gap = title ? (/^\r?\n$/.exec(lines[index - 1] ?? '')?.[0].length ?? 0) : 0;
      const from = title ? at - gap : at - pending;
      edits.push({ at: from, remove: at + line.length - from, insert: '' });
      pending = 0;
    } else {
      pending = own && idle && header === undefined ? pending + line.length : 0;
    }
    at += line.length;
  });
  return edits.length === 0 ? undefined : edits;
}

/** The edits that take a top-level key out, with its title above and the blank line below. */
export function removeTopKey(text: string, key: string, comment: string): Edit[] {
  const lines = text.split(/(?<=\n)/);
  const end = lines.findIndex((line) => /^[ \t\ufeff]*\[/.test(line));
  const index = lines.findIndex(
    (line) => line.replace(BOM, '').split('=', 1)[0]?.trim() === key && line.includes('='),
  );
  if (index === -1 || (end !== -1 && index > end)) return [];
  const hasTitle = lines[index - 1]?.replace(BOM, '').trim() === `# ${comment}`;
  const first = hasTitle ? index - 1 : index;
  const hasGap = /^\r?\n$/.test(lines[index + 1] ?? '');
  const last = hasGap ? index + 1 : index;
  const from =
    lines.slice(0, first).join('').length + (first === 0 && text.startsWith(BOM) ? 1 : 0);
  return [{ at: from, remove: lines.slice(0, last + 1).join('').length - from, insert: '' }];
}

function isOwn(header: JsonObject | undefined, name: string): boolean {
  return header !== undefined && serverOf(header, name) !== undefined;
}

/** What a header line opens, or undefined where it is a line of an array or a text. */
function headerOf(line: string): JsonObject | undefined {
  try {
    return plain(parse(line.replace(BOM, '').trimEnd()));
  } catch {
    return undefined;
  }
}

/** The text after the edits, if what it then says is as it must be; undefined otherwise. */
export function checked(
  text: string,
  edits: readonly Edit[],
  isRight: (document: JsonObject) => boolean,
): string | undefined {
  return saying(applyEdits(text, edits), isRight);
}

/** The text without pieces of ours, if what it then says is as it must be. */
export function withoutPieces(
  text: string,
  pieces: readonly string[],
  isRight: (document: JsonObject) => boolean,
): string | undefined {
  const cut = cutOut(text, pieces, { byLine: true });
  return cut === undefined ? undefined : saying(cut, isRight);
}

function saying(text: string, isRight: (document: JsonObject) => boolean): string | undefined {
  try {
    return isRight(parseToml(text, '')) ? text : undefined;
  } catch {
    return undefined;
  }
}

export function withServer(document: JsonObject, name: string, entry: JsonObject): JsonObject {
  return { ...document, [SERVERS]: { ...objectAt(document, SERVERS), [name]: entry } };
}

/** Without the server; `mcp_servers` goes too where nothing else is in it and no header names it. */
export function withoutServer(document: JsonObject, name: string): JsonObject {
  const { [SERVERS]: servers, ...rest } = document;
  const { [name]: _, ...others } = isObject(servers) ? servers : {};
  return Object.keys(others).length === 0 ? rest : { ...rest, [SERVERS]: others };
}

/** Plain objects instead of the parser's own, which compare as different. */
function plain(value: unknown): JsonObject {
  return copy(value) as JsonObject;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}
