import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { arrayAt, booleanAt, isObject, type JsonObject, stringAt } from '../../core/json.ts';

/** The file a write tool would touch, absolute, and the lines it would add and remove. */
export type WriteSize = { path: string; lines: number };

/** Larger files are counted by what is put into them alone. */
const COMPARED_BYTES = 4 << 20;

/** What a call of a write tool would change, told from its input and the file as it is now. */
export function writeSize(tool: string, input: JsonObject, cwd: string): WriteSize {
  const named = stringAt(input, tool === 'NotebookEdit' ? 'notebook_path' : 'file_path') ?? '';
  const path = resolve(cwd, named);
  if (tool === 'NotebookEdit') return { path, lines: countLines(stringAt(input, 'new_source')) };
  if (tool === 'Write') {
    return { path, lines: changedLines(contentOf(path), stringAt(input, 'content') ?? '') };
  }
  const edits = tool === 'MultiEdit' ? arrayAt(input, 'edits').filter(isObject) : [input];
  const lines = edits.map((edit) => {
    const before = stringAt(edit, 'old_string') ?? '';
    const times = booleanAt(edit, 'replace_all') ? occurrences(contentOf(path), before) : 1;
    return times * changedLines(before, stringAt(edit, 'new_string') ?? '');
  });
  return { path, lines: lines.reduce((sum, one) => sum + one, 0) };
}

/** Lines removed and added, without those that are the same at the beginning and at the end. */
function changedLines(before: string, after: string): number {
  const [old, now] = [linesOf(before), linesOf(after)];
  const most = Math.min(old.length, now.length);
  let start = 0;
  while (start < most && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < most - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  return old.length + now.length - 2 * (start + end);
}

function countLines(text: string | undefined): number {
  return linesOf(text ?? '').length;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function occurrences(text: string, part: string): number {
  return part === '' ? 1 : Math.max(1, text.split(part).length - 1);
}

function contentOf(path: string): string {
  try {
    return statSync(path).size > COMPARED_BYTES ? '' : readFileSync(path, 'utf8');
  } catch {
    return ''; // it is not there yet
  }
}
