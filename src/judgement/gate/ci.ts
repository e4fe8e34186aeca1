import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { arrayAt, isObject, parseJson, stringAt } from '../../core/json.ts';

/** What continuous integration said about a commit. */
export type CiStatus = { commit: string; status: string; name: string | undefined };

const INLINE = /^([0-9a-f]{40}|[0-9a-f]{64})[:=](\w+)$/i;
const MAX_BYTES = 4 << 20;

/** `<commit>:<status>`, or a file with what `gh run list --json` and most services write. */
export async function readCi(source: string, cwd: string): Promise<CiStatus[]> {
  const inline = INLINE.exec(source);
  if (inline?.[1] !== undefined && inline[2] !== undefined) {
    return [{ commit: inline[1].toLowerCase(), status: inline[2].toLowerCase(), name: undefined }];
  }
  const value = parseJson(await textOf(resolve(cwd, source)).catch(() => ''));
  const list = Array.isArray(value)
    ? value
    : [arrayAt(value, 'check_runs'), arrayAt(value, 'workflow_runs')].flat();
  const found = (list.length === 0 ? [value] : list).flatMap(statusOf);
  if (found.length === 0) throw unreadable(source);
  return found;
}

/** Nothing where it is no file, or none that a CI status would fill. */
async function textOf(path: string): Promise<string> {
  const file = statSync(path);
  return file.isFile() && file.size <= MAX_BYTES ? readFile(path, 'utf8') : '';
}

function statusOf(value: unknown): CiStatus[] {
  if (!isObject(value)) return [];
  const commit = ['commit', 'sha', 'headSha', 'head_sha', 'commit_sha']
    .map((name) => stringAt(value, name))
    .find((text) => text !== undefined);
  // A run that goes on has a status and an empty conclusion.
  const status =
    stringAt(value, 'conclusion') || stringAt(value, 'status') || stringAt(value, 'state');
  if (commit === undefined || status === undefined) return [];
  const name = stringAt(value, 'workflowName') ?? stringAt(value, 'name');
  return [{ commit: commit.toLowerCase(), status: status.toLowerCase(), name }];
}

function unreadable(source: string): CcError {
  return new CcError('BAD_INPUT', `No CI status: ${source.slice(0, 200)}`, {
    hint: 'Pass <full commit id>:success, or a JSON file of objects with commit (or headSha) and conclusion.',
  });
}
