import { join } from 'node:path';
import { newId } from '../core/ids.ts';
import { byteLength, plural } from '../core/text.ts';
import { makePrivateDir, writeFileAtomic } from '../store/atomic.ts';
import { findLeftovers, removeLeftovers } from '../store/leftovers.ts';
import { KEEP_SPILLED_MS, type UserHome } from '../workspace/home.ts';
import type { Tool } from './define.ts';

/** Bytes a result may have when its tool does not say, and what no tool may exceed. */
export const DEFAULT_RESULT_BYTES = 8_000;
export const MAX_RESULT_BYTES = 40_000;
/** Room kept for the note that says what was left out, beside the path in it. */
const NOTE_BYTES = 400;
/** Fields the note names one by one. */
const NAMED_FIELDS = 6;

/**
 * Keeps a result under its ceiling. Whole records are left out of its longest list (or whole lines
 * of a text), never part of one; the complete result goes to a file, and the result says where.
 */
export async function boundResult(
  tool: Pick<Tool, 'name' | 'format' | 'maxBytes'>,
  result: Record<string, unknown>,
  home: UserHome,
): Promise<Record<string, unknown>> {
  const ceiling = Math.min(tool.maxBytes ?? DEFAULT_RESULT_BYTES, MAX_RESULT_BYTES);
  const full = JSON.stringify(result);
  if (byteLength(full) <= ceiling) return result;
  const isText = tool.format === 'text' && typeof result.text === 'string';
  const file = await spill(home, tool.name, isText ? String(result.text) : full, isText);
  const room = ceiling - NOTE_BYTES - byteLength(JSON.stringify(file));
  return isText ? boundText(String(result.text), room, file) : boundRecords(result, room, file);
}

function boundText(text: string, room: number, file: string): { text: string } {
  const lines = text.split('\n');
  const kept: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    // A line costs more inside JSON than it has bytes: quotes and backslashes are escaped.
    bytes += byteLength(JSON.stringify(line));
    if (bytes > room) break;
    kept.push(line);
  }
  const note = `[${kept.length} of ${lines.length} lines shown; all of them: ${file}]`;
  return { text: [...kept, note].join('\n') };
}

function boundRecords(result: Fields, room: number, file: string): Record<string, unknown> {
  const bounded = { ...result };
  const leftOut: Record<string, string> = {};
  let excess = byteLength(JSON.stringify(bounded)) - room;
  for (const step of [shorten, drop]) {
    for (const field of largestFirst(bounded)) {
      if (excess <= 0) break;
      excess -= step(bounded, field, excess);
      const total = Array.isArray(result[field]) ? result[field].length : 1;
      const kept = bounded[field];
      leftOut[field] = `${total - (Array.isArray(kept) ? kept.length : 0)} of ${total}`;
    }
  }
  return { ...bounded, truncated: { left_out: summary(leftOut), file } };
}

type Fields = Record<string, unknown>;

/** A list loses records, anything else goes as a whole; answers how many bytes that saves. */
function shorten(fields: Fields, name: string, excess: number): number {
  const value = fields[name];
  if (!Array.isArray(value)) return drop(fields, name);
  const before = sizeOf(value);
  fields[name] = dropRecords(value, excess);
  return before - sizeOf(fields[name]);
}

function drop(fields: Fields, name: string): number {
  const saved = sizeOf(fields[name]) + sizeOf(name) + 2;
  delete fields[name];
  return saved;
}

/** Small fields (ids, states) are the last to go. */
function largestFirst(fields: Fields): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, size: sizeOf(value) }))
    .sort((a, b) => b.size - a.size)
    .map(({ name }) => name);
}

/** The longest beginning of the list that is `excess` bytes shorter. */
function dropRecords(records: readonly unknown[], excess: number): unknown[] {
  let saved = 0;
  let length = records.length;
  while (length > 0 && saved < excess) {
    length -= 1;
    saved += sizeOf(records[length]) + 1;
  }
  return records.slice(0, length);
}

function sizeOf(value: unknown): number {
  return byteLength(JSON.stringify(value) ?? '');
}

function summary(leftOut: Record<string, string>): Record<string, string> {
  const entries = Object.entries(leftOut);
  const more = entries.length - NAMED_FIELDS;
  if (more <= 0) return leftOut;
  return {
    ...Object.fromEntries(entries.slice(0, NAMED_FIELDS)),
    '…': `${plural(more, 'more field')}`,
  };
}

async function spill(
  home: UserHome,
  name: string,
  content: string,
  isText: boolean,
): Promise<string> {
  const directory = home.spilled;
  const file = join(directory, `${name}-${newId('file', new Date())}.${isText ? 'txt' : 'json'}`);
  try {
    await makePrivateDir(directory);
    await removeLeftovers(await findLeftovers(directory, KEEP_SPILLED_MS));
    await writeFileAtomic(file, content);
    return file;
  } catch {
    return 'not stored (the user home cannot be written)';
  }
}
