import { booleanAt, numberAt, stringAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import type { FailureClass, RunState } from '../../core/vocabulary.ts';
import type { RunOutcome } from '../../runs/record.ts';
import type { OldRun } from './old-run.ts';

/**
 * How a run of the predecessor ended. It called every exit code 0 a success, which proves nothing
 * (python-predecessor.md §4.1, claude-code-cli.md §0.2), so a success here also needs a result in its
 * stream that says so. What cannot be shown is a failure of class `unknown`, with what was recorded.
 */
export function endingOf({ metadata, result }: OldRun): Pick<RunOutcome, 'state' | 'failure'> {
  const status = stringAt(metadata, 'status');
  const exit = numberAt(metadata, 'exit_code');
  const reason = stringAt(metadata, 'stop_reason');
  const evidence = [
    `recorded: status ${status === undefined ? 'none' : oneLine(status, 40)}, exit code ${exit ?? 'none'}`,
    ...(reason ? [`recorded: stop reason ${oneLine(reason, 80)}`] : []),
    ...(result === undefined ? ['its stream holds no result'] : []),
  ];
  const ended = (state: RunState, failure: FailureClass) => ({
    state,
    failure: { class: failure, source: 'predecessor', evidence, retryable: false },
  });
  if (metadata.timed_out === true || status === 'timed_out') return ended('timed_out', 'timeout');
  if (reason?.includes('budget')) return ended('stopped_limit', 'stopped_limit');
  if (status === 'stopped' || status === 'stop_requested') return ended('cancelled', 'interrupted');
  if (status === 'starting' || status === 'running') return ended('failed', 'supervisor_lost');
  const isGood =
    (status === undefined || status === 'succeeded') &&
    exit === 0 &&
    booleanAt(result, 'is_error') === false &&
    stringAt(result, 'subtype') === 'success';
  return isGood ? ended('succeeded', 'success') : ended('failed', 'unknown');
}
