/**
 * The few facts of SQLite's file format (sqlite.org/fileformat2.html) that tell which pages a table
 * is made of. Nothing is interpreted here but references; reading rows is SQLite's own work.
 */

const INTERIOR_INDEX = 2;
const INTERIOR_TABLE = 5;
const LEAF_INDEX = 10;
const LEAF_TABLE = 13;
const FILE_HEADER = 100;

/** Pages that a page leads to. Wrong ones may be among them when the page is not what it seems. */
export type References = { tree: number[]; overflow: number[] };

/** What a page of a b-tree leads to; nothing, where it is none. `usable` is the page without its reserve. */
export function treeReferences(page: Buffer, number: number, usable: number): References {
  const found: References = { tree: [], overflow: [] };
  const kind = page[headerOf(number)];
  const isInterior = kind === INTERIOR_INDEX || kind === INTERIOR_TABLE;
  if (isInterior) found.tree.push(page.readUInt32BE(headerOf(number) + 8));
  for (const cell of cells(page, number)) {
    if (isInterior) found.tree.push(page.readUInt32BE(cell));
    const payload = payloadAt(page, isInterior ? cell + 4 : cell, kind, usable);
    if (payload?.overflow !== undefined) found.overflow.push(payload.overflow);
  }
  return found;
}

/** The page after this one in a chain of overflow pages, or 0. */
export function nextOverflow(page: Buffer): number {
  return page.readUInt32BE(0);
}

/** A row of `sqlite_schema`: the table a b-tree belongs to (also that of an index), and its first page. */
export type SchemaRow = { table: string; root: number };

/** The rows of one leaf of the schema; undefined where one cannot be read, as in UTF-16 or tiny pages. */
export function schemaRows(page: Buffer, number: number, usable: number): SchemaRow[] | undefined {
  if (page[headerOf(number)] !== LEAF_TABLE) return [];
  const rows: SchemaRow[] = [];
  for (const cell of cells(page, number)) {
    const payload = payloadAt(page, cell, LEAF_TABLE, usable);
    const row = payload && schemaRow(page.subarray(payload.start, payload.start + payload.local));
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

/** Columns: type, name, tbl_name, rootpage, sql. */
function schemaRow(record: Buffer): SchemaRow | undefined {
  const header = varint(record, 0);
  const types: number[] = [];
  let at = header.next;
  while (types.length < 4 && at < header.value) {
    const type = varint(record, at);
    types.push(type.value);
    at = type.next;
  }
  const [kind = 0, name = 0, table = 0, root = 0] = types.map(contentBytes);
  const tableAt = header.value + kind + name;
  const rootAt = tableAt + table;
  if (types.length < 4 || root > 6 || rootAt + root > record.length) return undefined;
  // A root of no bytes is the constant 0 or NULL: views and triggers have no pages.
  const first = root === 0 ? 0 : record.readUIntBE(rootAt, root);
  return { table: record.toString('utf8', tableAt, rootAt), root: first };
}

function contentBytes(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] ?? 0;
}

function headerOf(number: number): number {
  return number === 1 ? FILE_HEADER : 0;
}

/** Offsets of the cells of a page. */
function cells(page: Buffer, number: number): number[] {
  const header = headerOf(number);
  const kind = page[header];
  const isInterior = kind === INTERIOR_INDEX || kind === INTERIOR_TABLE;
  if (!isInterior && kind !== LEAF_INDEX && kind !== LEAF_TABLE) return [];
  const pointers = header + (isInterior ? 12 : 8);
  const count = Math.min(page.readUInt16BE(header + 3), (page.length - pointers) >> 1);
  const offsets = Array.from({ length: count }, (_, index) =>
    page.readUInt16BE(pointers + 2 * index),
  );
  return offsets.filter((offset) => offset >= pointers && offset + 4 <= page.length);
}

type Payload = { start: number; local: number; overflow?: number };

function payloadAt(
  page: Buffer,
  cell: number,
  kind: number | undefined,
  usable: number,
): Payload | undefined {
  if (kind === INTERIOR_TABLE) return undefined;
  const size = varint(page, cell);
  const isTable = kind === LEAF_TABLE;
  const start = isTable ? varint(page, size.next).next : size.next;
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (size.value <= most) return { start, local: size.value };
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((size.value - least) % (usable - 4));
  const local = fitting <= most ? fitting : least;
  if (start + local + 4 > page.length) return undefined;
  return { start, local, overflow: page.readUInt32BE(start + local) };
}

/** SQLite's integer of one to nine bytes. Beyond 2^53 it is not exact, and nothing here is that large. */
function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes[at + index] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return { value: value * 256 + (bytes[at + 8] ?? 0), next: at + 9 };
}
