import { type Decision, decide } from '../decide.ts';
import { isAtLeast } from '../insight/flags.ts';
import type { Progress } from '../progress.ts';
import type { RunOutcome } from '../record.ts';

const INSTEAD: Readonly<Record<Decision['action'], string>> = {
  continue: 'Wait for it (cc_wait_runs). Nothing needs you now.',
  answer_question: 'Answer its question; until then it does nothing.',
  stop_or_review: 'Read the evidence below. Stop the run (cc_stop_run) unless it is harmless.',
  inspect: 'Look at the run before you go on: cc_summarize_run, then events.ndjson.',
  verify:
    'Verify it (cc_verify_run with the test commands of the project); it says accept, investigate or reject.',
};

export function decisionOf(progress: Progress, outcome: RunOutcome | undefined): Decision {
  return decide({
    state: outcome?.state ?? 'running',
    isAsking: Object.keys(progress.unanswered).length > 0,
    flags: progress.insight.flags,
    failure: outcome?.failure,
  });
}

/** latest_decision.md: what the controller of this run should do next, and why. */
export function renderDecision({ action, why }: Decision, progress: Progress): string {
  const flags = progress.insight.flags
    .filter((flag) => isAtLeast(flag.severity, 'medium'))
    .map(
      ({ code, severity, blocking, evidence, count, first_seq, last_seq }) =>
        `- ${code} (${severity}${blocking ? ', blocking' : ''}, ${count}×, events ${first_seq}-${last_seq}): ${evidence}`,
    );
  return [
    `# ${action}`,
    '',
    why,
    '',
    INSTEAD[action],
    ...(flags.length === 0 ? [] : ['', '## Flags', '', ...flags]),
    '',
  ].join('\n');
}
