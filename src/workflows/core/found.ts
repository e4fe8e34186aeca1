import { arrayAt, isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import type { NodeRecord, Result } from './instance.ts';

const FOUND_CHARS = 500;
/** Fields of handoffs that are lists of what is wrong. */
const LISTS = ['blocking_issues', 'failures', 'objections', 'missing_evidence'] as const;
const GRAVE: ReadonlySet<unknown> = new Set(['blocker', 'major']);

/** What a node says is not good, one line each: for whoever has to put it right. */
export function foundBy({ id, tasks }: NodeRecord): string[] {
  const lines = tasks.flatMap(({ result }) => (result === null ? [] : saidBy(result)));
  return [...new Set(lines)].map((line) => oneLine(`${id}: ${line}`, FOUND_CHARS));
}

function saidBy({ handoff, exit_code, output_tail, verdict, reasons, comment }: Result): string[] {
  const judged = verdict !== undefined && verdict !== 'accept' ? (reasons ?? []) : [];
  const own = [...judged, ...(comment === undefined ? [] : [comment])];
  if (handoff !== undefined) return [...own, ...saidIn(handoff)];
  if (exit_code === undefined || exit_code === 0) return own;
  return [...own, `exit code ${exit_code}: ${(output_tail ?? '').slice(-FOUND_CHARS / 2)}`];
}

function saidIn(handoff: JsonObject): string[] {
  const listed = LISTS.flatMap((name) => arrayAt(handoff, name)).filter(
    (one) => typeof one === 'string',
  );
  const grave = arrayAt(handoff, 'findings')
    .filter(isObject)
    .filter(({ severity }) => GRAVE.has(severity))
    .filter((finding) => !listed.includes(stringAt(finding, 'text') ?? ''))
    .map(lineOf);
  if (listed.length + grave.length > 0) return [...listed, ...grave];
  const status = stringAt(handoff, 'status');
  return status === 'pass' ? [] : [`${status}: ${stringAt(handoff, 'summary') ?? ''}`];
}

function lineOf(finding: JsonObject): string {
  const { severity, text, file, line } = finding;
  const where = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
  return `${severity}: ${text}${where}`;
}
