import { exitCodeHiddenBy } from '../core/shell-exit.ts';
import { plural } from '../core/text.ts';
import type { Reason, VerificationFacts } from './verification.ts';

type Rule = (facts: VerificationFacts) => Reason | readonly Reason[] | undefined;

const rejects = (code: string, text: string, evidence?: readonly string[]) =>
  reason('reject', code, text, evidence);
const doubts = (code: string, text: string, evidence?: readonly string[]) =>
  reason('investigate', code, text, evidence);
const tells = (code: string, text: string, evidence?: readonly string[]) =>
  reason('info', code, text, evidence);

const EVIDENCE_KEPT = 10;

function reason(
  level: Reason['level'],
  code: string,
  text: string,
  evidence: readonly string[] = [],
): Reason {
  if (evidence.length === 0) return { code, level, text };
  return { code, level, text, evidence: evidence.slice(0, EVIDENCE_KEPT) };
}

/** Says how many there are beside the first few. */
function some(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(', ');
  return items.length > 3 ? `${shown} and ${items.length - 3} more` : shown;
}

function ended({ run }: VerificationFacts): Reason | undefined {
  if (run.state === 'succeeded') return undefined;
  // Stopped from outside in the middle of its work: what is there may be good, but it is not done.
  const isCut = run.state === 'cancelled' || run.state === 'stopped_limit';
  const text = `the run ended as ${run.state} (${run.failure})`;
  return isCut ? doubts('run_cut', text) : rejects('run_not_ended_well', text);
}

function journal({ run }: VerificationFacts): Reason | undefined {
  const { log_incomplete: problem } = run;
  return problem === undefined ? undefined : doubts('log_incomplete', problem);
}

function processes({ run }: VerificationFacts): Reason | undefined {
  if (run.left_processes === 0) return undefined;
  return doubts(
    'left_processes',
    `${plural(run.left_processes, 'process of the run was', 'processes of the run were')} still alive`,
  );
}

function denials({ run }: VerificationFacts): Reason | undefined {
  if (run.denials === 0) return undefined;
  const text = `${plural(run.denials, 'tool call was', 'tool calls were')} refused, ${run.denied_writes} of them to change files`;
  return run.denied_writes > 0 ? doubts('denied_writes', text) : tells('denials', text);
}

function route({ run }: VerificationFacts): Reason | undefined {
  const { route_mismatch: mismatch } = run;
  return mismatch === undefined ? undefined : doubts('route_mismatch', mismatch);
}

function changes({ run, changes: { known, problem, complete, not_captured } }: VerificationFacts) {
  if (!run.writes && !known) return tells('changes_not_watched', 'a read-only run, not compared');
  if (!known) {
    const why = problem ?? 'there was nothing to compare with';
    return doubts('changes_unknown', `what it changed is unknown: ${why}`);
  }
  if (!complete || not_captured.length > 0) {
    const what = not_captured.length > 0 ? some(not_captured) : 'part of the tree';
    return doubts('changes_incomplete', `not compared: ${what}`, not_captured);
  }
  return undefined;
}

function scope({ run, changes: { outside, too_large } }: VerificationFacts): Reason[] {
  const found: Reason[] = [];
  if (outside.length > 0) {
    found.push(
      run.writes
        ? rejects('out_of_scope', `changed outside its scope: ${some(outside)}`, outside)
        : rejects('read_only_changed', `a read-only run changed ${some(outside)}`, outside),
    );
  }
  if (too_large.length > 0) found.push(rejects('too_large', too_large.join('; ')));
  return found;
}

function attribution({ changes: { unattributed, tools } }: VerificationFacts): Reason[] {
  const found: Reason[] = [];
  if (unattributed.length > 0) {
    const text = `no tool call explains: ${some(unattributed)}`;
    found.push(doubts('unattributed', text, unattributed));
  }
  if (tools.length > 0) {
    const text = `what checks rely on was changed: ${some(tools)}`;
    found.push(doubts('tools_changed', text, tools));
  }
  return found;
}

function moved({ run, changes: { since }, tests }: VerificationFacts): Reason | undefined {
  if (since.length === 0) return undefined;
  const text = `changed after the run had ended: ${some(since)}`;
  // What passed is then not what the worker left.
  const counts = run.writes && tests.length > 0;
  return counts ? doubts('changed_since', text, since) : tells('changed_since', text, since);
}

function diffRead({ changes: { unread } }: VerificationFacts): Reason | undefined {
  if (unread.length === 0) return undefined;
  return doubts('diff_unread', `too large to be looked through: ${some(unread)}`, unread);
}

function phantom({ run, changes, claims, success_claimed }: VerificationFacts) {
  const { known, files, ignored } = changes;
  if (!known || files > 0 || !run.writes || run.state !== 'succeeded') return undefined;
  if (ignored > 0)
    return doubts('only_ignored_changed', `${plural(ignored, 'ignored file')} changed, no other`);
  const claimed = claims.find(({ kind }) => CHANGE_CLAIMS.has(kind));
  const admits = claims.some(({ kind, from }) => kind === 'no_change' && from !== 'prose');
  if (claimed !== undefined || (run.change_due && success_claimed && !admits)) {
    return rejects('phantom_work', 'it claims success, and nothing changed');
  }
  return run.change_due ? doubts('no_change', 'a change was due, and nothing changed') : undefined;
}
const CHANGE_CLAIMS: ReadonlySet<string> = new Set(['changed', 'created', 'deleted', 'fixed']);

function secrets({
  run,
  changes: { files },
  secrets: found,
}: VerificationFacts): Reason | undefined {
  if (found.real.length > 0) {
    return rejects('secret', `what looks like a real secret: ${some(found.real)}`, found.real);
  }
  if (found.unsure.length > 0) {
    return doubts('maybe_secret', `possibly a secret: ${some(found.unsure)}`, found.unsure);
  }
  if (found.known || files === 0 || !run.writes) return undefined;
  return doubts('secrets_unknown', 'nobody looked for secrets in what it changed');
}

function unscanned({ secrets: { unscanned: left } }: VerificationFacts): Reason | undefined {
  if (left.length === 0) return undefined;
  return doubts('secrets_unscanned', `not looked through for secrets: ${some(left)}`, left);
}

/** They say more about the scope, secrets and the end of the run than we would tell twice. */
const TOLD_ELSEWHERE = new Set(['scope_violation', 'route_mismatch', 'failing_test']);

function flags({ flags: raised, tests }: VerificationFacts): Reason[] {
  const passed = tests.length > 0 && tests.every(({ status }) => status === 'passed');
  return raised.flatMap(({ code, blocking, evidence }) => {
    if (code === 'failing_test') {
      const text = `its own last test run failed: ${evidence}`;
      return passed ? tells(code, text) : doubts(code, text);
    }
    if (TOLD_ELSEWHERE.has(code)) return [];
    const text = `${code}: ${evidence}`;
    return blocking ? doubts(code, text) : tells(code, text);
  });
}

function tampering({ tampering: found }: VerificationFacts): Reason[] {
  return [...new Set(found.map(({ code }) => code))].map((code) => {
    const group = found.filter((one) => one.code === code);
    const isGrave = group.some(({ level }) => level === 'reject');
    const texts = group.map(({ path, text }) => `${path}: ${text}`);
    return reason(isGrave ? 'reject' : 'investigate', code, some(texts), texts);
  });
}

function tests({
  run: { writes },
  changes: { code },
  tests: runs,
  tests_changed,
}: VerificationFacts): Reason[] {
  const found = runs.flatMap((run): Reason[] => {
    const what = `\`${run.command}\``;
    switch (run.status) {
      case 'passed': {
        const hidden = run.counts === undefined ? exitCodeHiddenBy(run.command) : undefined;
        if (hidden === undefined) return [];
        const text = `${what} ends with the exit code of \`${hidden}\`, and no count of tests was read`;
        return [doubts('exit_code_hidden', text)];
      }
      case 'failed':
        return [rejects('tests_failed', `${what} ${failureText(run)}`, run.failures)];
      case 'timed_out':
        return [rejects('tests_timed_out', `${what} did not end in time`)];
      case 'no_tests':
        return [doubts('no_tests_ran', `${what} ended well, but no test ran`)];
      case 'not_started':
        return [doubts('tests_not_started', `${what} could not be started`)];
    }
    return [];
  });
  if (runs.length === 0 && code > 0 && writes) {
    found.push(doubts('tests_unknown', 'no test command was given, so nothing was run'));
  }
  const { touched, added } = tests_changed;
  if (touched.length > 0) {
    const text = `our commands changed ${some(touched)}: what passed is not what it left`;
    found.push((writes ? doubts : tells)('tests_changed_tree', text, touched));
  }
  if (added.length > 0) found.push(tells('tests_left_files', `our commands left ${some(added)}`));
  return found;
}

function failureText({ counts, exit_code, signal }: VerificationFacts['tests'][number]): string {
  const failed = counts === undefined ? 0 : counts.failed;
  if (failed > 0) return `has ${plural(failed, 'failing test')}`;
  return signal === null ? `ended with exit code ${exit_code}` : `was ended by ${signal}`;
}

function coverage({ coverage: found }: VerificationFacts): Reason | undefined {
  if (found === undefined) return undefined;
  if (found.percent === null) {
    return rejects('coverage_missing', `no fresh coverage report (wanted ${found.wanted} %)`);
  }
  const text = `${found.percent} % of the lines are covered, wanted ${found.wanted} %`;
  return found.percent < found.wanted ? rejects('coverage_low', text) : undefined;
}

function checks({ checks: results }: VerificationFacts): Reason[] {
  return results
    .filter(({ passed }) => !passed)
    .map(({ name, detail }) => rejects('check_failed', `${name}: ${detail}`));
}

function claims({ claims: all }: VerificationFacts): Reason[] {
  const told = (claim: VerificationFacts['claims'][number]) =>
    `${claim.quote === undefined ? `claims "${labelOf(claim)}"` : `says "${claim.quote}"`}, but ${claim.evidence}`;
  const contradicted = all.filter(({ status }) => status === 'contradicted');
  const found = contradicted.map((claim) =>
    // Words may be misread; what it reported in a form of its own cannot.
    claim.from === 'prose'
      ? doubts('prose_contradicted', told(claim))
      : rejects('claim_contradicted', told(claim)),
  );
  const open = all.filter(({ status }) => status === 'unverified');
  if (open.length > 0) {
    found.push(tells('claims_unverified', `nothing proves: ${some(open.map(labelOf))}`));
  }
  return found;
}

function labelOf({ kind, command, paths, quote }: VerificationFacts['claims'][number]): string {
  return [kind, command ?? paths?.slice(0, 3).join(' ') ?? quote ?? ''].join(' ').trim();
}

function posture({ run, posture: { blind } }: VerificationFacts): Reason | undefined {
  if (!run.writes || blind.length === 0) return undefined;
  return tells('blind', `could not be seen: ${blind.join('; ')}`);
}

/** What each part of the evidence says of the work; none knows of another. */
export const RULES: readonly Rule[] = [
  ended,
  scope,
  secrets,
  unscanned,
  tests,
  phantom,
  claims,
  tampering,
  coverage,
  checks,
  journal,
  processes,
  changes,
  attribution,
  moved,
  diffRead,
  denials,
  route,
  flags,
  posture,
];
