import { CcError } from '../core/errors.ts';
import { digestOf, isId } from '../core/ids.ts';
import { isFinal, RUN_STATES, type RunState } from '../core/vocabulary.ts';
import { type LiveRun, viewOf } from './view.ts';

/** What a controller has been told of each run, by run id. */
export type Told = ReadonlyMap<string, string>;

/** States a controller need not tell apart share a letter. */
const LETTERS = {
  starting: 'r',
  running: 'r',
  finalizing: 'r',
  waiting_answer: 'q',
  lost: 'x',
  succeeded: 's',
  failed: 'f',
  timed_out: 't',
  cancelled: 'c',
  stopped_limit: 'l',
} as const satisfies Record<RunState, string>;

const FINAL_LETTERS: ReadonlySet<string> = new Set(
  RUN_STATES.filter(isFinal).map((state) => LETTERS[state]),
);

/** The mark of a run of which nothing has been told yet. */
export const NOTHING_TOLD = LETTERS.running;

const DIGEST = 5;

/**
 * What there is to tell of a run, in a few characters: its state, and the ending or the kinds and
 * the wording of what needs attention. Two marks differ when there is something new to tell.
 */
export function markOf(live: LiveRun): string {
  if (live.move?.did === 'moving') return NOTHING_TOLD;
  if (live.move?.did === 'blocked') return NOTHING_TOLD + short('blocked') + short(live.move.why);
  const letter = LETTERS[live.state];
  // A run that was resumed ends again, maybe in the same state; one may be moved after it was told of.
  if (isFinal(live.state)) return letter + short((live.run.record.ended ?? '') + movedTo(live));
  const { attention = [], questions = [] } = viewOf(live);
  const codes = live.summary?.insight.mark ?? 0;
  if (codes === 0 && questions.length === 0) return letter;
  // Each question is news of its own, as is each kind of attention; a counter that has grown is not.
  const gist = `${codes} ${questions.map(({ question }) => question).join()}`;
  return letter + short(gist) + short(gist + attention.join('\n'));
}

function movedTo({ move }: LiveRun): string {
  return move?.did === 'moved' ? move.to.run_id : '';
}

/** The part of a mark that is worth ending a wait for: a counter that has grown is not. */
export function gistOf(mark: string | undefined): string | undefined {
  return mark?.slice(0, 1 + DIGEST);
}

export function isEndMark(mark: string): boolean {
  return FINAL_LETTERS.has(mark.charAt(0));
}

function short(text: string): string {
  return digestOf(text).slice(0, DIGEST);
}

const ENTRY = /^([0-9a-z]{11})([a-z2-7]{8})([a-z](?:[0-9a-f]{5}){0,2})$/;

/** Opaque to everybody else; about 25 characters per run. */
export function formatCursor(told: Told): string {
  return [...told].map(([runId, mark]) => packId(runId) + mark).join('~');
}

export function parseCursor(cursor: string | undefined): Told {
  const told = new Map<string, string>();
  if (cursor === undefined || cursor === '') return told;
  for (const entry of cursor.split('~')) {
    const [, stamp = '', tail = '', mark = ''] = ENTRY.exec(entry) ?? [];
    const runId = unpackId(stamp, tail);
    if (mark === '' || !isId(runId, 'run')) {
      throw new CcError('BAD_INPUT', 'Not a cursor of cc_wait_runs.', {
        hint: 'Pass the cursor of the previous answer unchanged, or leave it out.',
      });
    }
    told.set(runId, mark);
  }
  return told;
}

/** `run_20261121t110900123z_k3v7qa2m`: 17 digits that fit into 11 characters, and a tail of 8. */
function packId(runId: string): string {
  const digits = runId.slice(4, 12) + runId.slice(13, 22);
  return BigInt(digits).toString(36).padStart(11, '0') + runId.slice(-8);
}

function unpackId(stamp: string, tail: string): string {
  const digits = [...stamp].reduce(
    (sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)),
    0n,
  );
  const text = String(digits).padStart(17, '0');
  return `run_${text.slice(0, 8)}t${text.slice(8)}z_${tail}`;
}
