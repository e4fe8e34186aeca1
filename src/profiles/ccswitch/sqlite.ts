import { isObject } from '../../core/json.ts';
import type { JsonRecord } from '../json.ts';

type Database = { prepare(sql: string): { all(): unknown[] }; close(): void };
type DatabaseClass = new (path: string) => Database;

/** Runs a query and returns its rows by column name. */
export type Query = (sql: string) => JsonRecord[];

/** Opens a database file for one synchronous piece of work. */
export type OpenSqlite = <T>(path: string, work: (query: Query) => T) => T;

/** A real SQLite: the runtime's own, else the optional dependency, else undefined. */
export async function loadSqlite(): Promise<OpenSqlite | undefined> {
  const found = builtIn() ?? (await optional());
  return found === undefined ? undefined : opener(found);
}

function opener(DatabaseOf: DatabaseClass): OpenSqlite {
  return (path, work) => {
    const database = new DatabaseOf(path);
    try {
      return work((sql) => database.prepare(sql).all().filter(isObject));
    } finally {
      database.close();
    }
  };
}

/** `node:sqlite` is absent in Node 20; asking for it by function keeps bundlers from resolving it. */
function builtIn(): DatabaseClass | undefined {
  const module: unknown = quietly(() => process.getBuiltinModule?.('node:sqlite'));
  return isObject(module) ? asClass(module.DatabaseSync) : undefined;
}

async function optional(): Promise<DatabaseClass | undefined> {
  // A variable keeps bundlers and the compiler from requiring the package to be there.
  const name: string = 'libsql';
  try {
    const module: unknown = await import(name);
    return isObject(module) ? asClass(module.default) : undefined;
  } catch {
    return undefined;
  }
}

function asClass(value: unknown): DatabaseClass | undefined {
  return typeof value === 'function' ? (value as DatabaseClass) : undefined;
}

/** Node 22 and 24 print an "experimental" warning at the first use; it would be noise in a CLI. */
function quietly<T>(work: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
