import { closeSync, openSync, readSync } from 'node:fs';
import { nextOverflow, schemaRows, treeReferences } from './btree.ts';
import { otherVersions, readSideFiles, type SideFiles } from './side-files.ts';

const FILE_HEADER = 100;
const SQLITE_MAGIC = 'SQLite format 3\0';
/** A walk that wants more than this has lost its way, or the tables are not what they seem. */
const MAX_PAGES = 65_536;

/** The pages of a database that hold some of its tables, with the files beside it. */
export type Excerpt = { pageSize: number; pages: ReadonlyMap<number, Buffer>; side: SideFiles };

/**
 * Reads only the pages that some tables are made of. CC Switch's database can hold gigabytes of usage
 * rows beside a handful of providers, and changes with every request its proxy serves.
 *
 * A page may have several versions: in the file, in the log, in the journal. All of them are followed,
 * so that whichever SQLite finds valid, the pages it then needs are there. The last reading of the side
 * files comes after that of the last page: a page is never changed in the file before its new content
 * is in the log, or its old one in the journal.
 *
 * Undefined when the file is not understood; then it must be taken as a whole.
 */
export function readExcerpt(database: string, tables: ReadonlySet<string>): Excerpt | undefined {
  const file = openSync(database, 'r');
  try {
    const header = bytesAt(file, 0, FILE_HEADER);
    if (header?.toString('latin1', 0, 16) !== SQLITE_MAGIC) return undefined;
    const declared = header.readUInt16BE(16);
    const pageSize = declared === 1 ? 65_536 : declared;
    if (pageSize < 512) return undefined;
    const walk = new Walk(file, pageSize, pageSize - (header[20] ?? 0));
    for (let side = readSideFiles(database); ; ) {
      const before = walk.pages.size;
      if (!walk.follow(side, tables) || walk.pages.size > MAX_PAGES) return undefined;
      const isLast = walk.pages.size === before;
      const later = isLast ? side : readSideFiles(database);
      if (isLast || sameContent(side, later)) return { pageSize, pages: walk.pages, side: later };
      side = later;
    }
  } finally {
    closeSync(file);
  }
}

/** Pages of a database, each read once, found by following references from the first. */
class Walk {
  readonly pages = new Map<number, Buffer>();
  readonly #file: number;
  readonly #pageSize: number;
  readonly #usable: number;
  #others = new Map<number, Buffer[]>();

  constructor(file: number, pageSize: number, usable: number) {
    this.#file = file;
    this.#pageSize = pageSize;
    this.#usable = usable;
  }

  /** False when the schema cannot be read or does not name any of the tables. */
  follow(side: SideFiles, tables: ReadonlySet<string>): boolean {
    this.#others = otherVersions(side, this.#pageSize);
    const roots: number[] = [];
    let understood = true;
    this.#followTrees([1], (page, number) => {
      const rows = schemaRows(page, number, this.#usable);
      if (rows === undefined) understood = false;
      for (const { table, root } of rows ?? []) if (tables.has(table)) roots.push(root);
    });
    this.#followTrees(roots, () => undefined);
    return understood && roots.length > 0;
  }

  #followTrees(roots: readonly number[], onPage: (page: Buffer, number: number) => void): void {
    const overflow: number[] = [];
    visit(roots, (number) =>
      this.#versions(number).flatMap((page) => {
        onPage(page, number);
        const found = treeReferences(page, number, this.#usable);
        overflow.push(...found.overflow);
        return found.tree;
      }),
    );
    visit(overflow, (number) => this.#versions(number).map(nextOverflow));
  }

  #versions(number: number): Buffer[] {
    const others = this.#others.get(number) ?? [];
    const page = this.pages.get(number) ?? this.#read(number);
    return page === undefined ? others : [page, ...others];
  }

  #read(number: number): Buffer | undefined {
    if (this.pages.size > MAX_PAGES) return undefined;
    const page = bytesAt(this.#file, (number - 1) * this.#pageSize, this.#pageSize);
    if (page !== undefined) this.pages.set(number, page);
    return page;
  }
}

/** Calls `next` once for every number that can be reached; 0 means "none". */
function visit(first: readonly number[], next: (number: number) => readonly number[]): void {
  const seen = new Set<number>();
  const waiting = [...first];
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    if (number === 0 || seen.has(number)) continue;
    seen.add(number);
    waiting.push(...next(number));
  }
}

function sameContent(a: SideFiles, b: SideFiles): boolean {
  return same(a.wal, b.wal) && same(a.journal, b.journal);
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b));
}

/** Undefined beyond the end of the file. */
function bytesAt(file: number, position: number, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  return readSync(file, bytes, 0, length, position) === length ? bytes : undefined;
}
