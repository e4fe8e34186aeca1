import { type Counted, counted } from './counts.ts';

const RESULT = /^(?<not>not )?ok\b(?: +\d+)?(?: +-)?(?<rest>.*)$/;

/**
 * The Test Anything Protocol, versions 12 to 14: results at the left margin only, since those of
 * subtests are indented and summed up by their parent. Without a version or a plan it is none.
 */
export function countsInTap(text: string): Counted | undefined {
  const plan = /^1\.\.(\d+)/m.exec(text);
  if (plan === null) return undefined;
  let [passed, failed, skipped] = [0, 0, 0];
  const failures: string[] = [];
  for (const line of text.split('\n')) {
    if (/^Bail out!/.test(line)) failed += 1;
    const groups = RESULT.exec(line)?.groups;
    if (groups === undefined) continue;
    const [name = '', directive = ''] = (groups.rest ?? '').split(/ # ?/);
    if (/^(?:skip|todo)/i.test(directive)) skipped += 1;
    else if (groups.not === undefined) passed += 1;
    else {
      failed += 1;
      failures.push(name.trim());
    }
  }
  const planned = Number(plan[1]);
  // What was planned and never reported did not pass.
  const missing = Math.max(0, planned - passed - failed - skipped);
  return counted(passed, failed + missing, skipped, failures);
}
