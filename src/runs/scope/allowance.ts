import type { JsonObject } from '../../core/json.ts';
import { isWriteTool } from '../../workers/claude/guard.ts';
import { type WriteSize, writeSize } from '../../workers/claude/write-size.ts';
import type { RunRecord } from '../record.ts';

/** What file tools were allowed to change so far: files, and lines added and removed. */
export type Touched = { files: string[]; lines: number };

/**
 * What a call would add to that, and why it may not where it is too much. Undefined where the scope
 * has no such limits. What shell commands change is counted at the end.
 */
export function weighWrite(
  tool: string,
  input: JsonObject,
  { cwd, scope }: Pick<RunRecord, 'cwd' | 'scope'>,
  touched: Touched,
): { size: WriteSize; refusal: string | undefined } | undefined {
  const { max_files, max_lines } = scope ?? {};
  if (!isWriteTool(tool) || (max_files === undefined && max_lines === undefined)) return undefined;
  const size = writeSize(tool, input, cwd);
  const files = touched.files.length + (touched.files.includes(size.path) ? 0 : 1);
  const lines = touched.lines + size.lines;
  return {
    size,
    refusal: tooMuch('files', files, max_files) ?? tooMuch('lines', lines, max_lines),
  };
}

function tooMuch(what: string, wanted: number, most: number | undefined): string | undefined {
  if (most === undefined || wanted <= most) return undefined;
  return `This task may change at most ${most} ${what}, and with this call it would be ${wanted}. Change less, or report what is left.`;
}
