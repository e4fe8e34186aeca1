import { isFinal } from '../../src/core/vocabulary.ts';
import type { ProcessIdentity } from '../../src/proc/identity.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { rawCoverage } from '../support/lab.ts';
import type { Told } from './instructor.ts';
import type { RawStream } from './raw-keeper.ts';

/** What must hold of every run, whatever was done to it. The order is that of the report. */
export const INVARIANTS = {
  ended: 'every run ends',
  ended_once: 'cc.run.ended exactly once',
  lines: 'every complete line of the workers exactly once, in order',
  started_once: 'no task started or taken up twice',
  told: 'every accepted instruction heard exactly once',
  nothing_left: 'no process and no raw stream left after one recovery',
  honest: 'no wrong succeeded',
  unharmed: 'succeeded where no worker was harmed',
  ledger: 'one dispatch and one end on record, and a ledger that holds',
  time: 'no time lost or made up',
} as const;
export type Invariant = keyof typeof INVARIANTS;
export type Breach = { invariant: Invariant; detail: string };

/** Everything that is known of a run when its scene is over. */
export type Evidence = {
  record: RunRecord;
  events: readonly RunEvent[];
  streams: readonly RawStream[];
  /** Why its conversation cannot have completed. */
  missing: readonly string[];
  /** Conversations that asked the model anything, with the steps they asked for. */
  conversations: Readonly<Record<string, number[]>>;
  told: readonly Told[];
  /** Runs that were recorded, or told to a launcher. */
  runs: readonly string[];
  /** Of the worker, at the moment the record was final; of supervisors, a little later. */
  left: { worker: readonly ProcessIdentity[]; supervisors: readonly ProcessIdentity[] };
  /** Unredacted streams that are still there though the run is over. */
  rawLeft: readonly string[];
  /** Neither the worker nor its disk was touched, and nobody wanted it to stop. */
  unharmed: boolean;
  /** What is wrong with the ledger of the project, and how often the run's end stands in it. */
  ledger: { problems: readonly string[]; ends: number };
  sceneMs: number;
};

/** Time is rounded to milliseconds in several places. */
const TIME_SLACK_MS = 50;

export function breaches(evidence: Evidence): Breach[] {
  const found: Breach[] = [];
  const add = (invariant: Invariant, detail: string) => found.push({ invariant, detail });
  const { record, events, left } = evidence;
  const over = isFinal(record.state);
  if (!over) add('ended', `it reads ${record.state}`);
  const ends = events.filter(({ type }) => type === 'cc.run.ended').length;
  if (over && ends !== 1) add('ended_once', `${ends} times`);
  for (const problem of lineProblems(evidence)) add('lines', problem);
  for (const problem of doubleStarts(evidence)) add('started_once', problem);
  for (const { pid } of left.worker) add('nothing_left', `process ${pid} of the worker`);
  for (const { pid } of left.supervisors) add('nothing_left', `supervisor ${pid}`);
  for (const name of over ? evidence.rawLeft : []) add('nothing_left', name);
  for (const { text, heard } of record.state === 'succeeded' ? evidence.told : []) {
    if (heard !== 1) add('told', `${text} was heard ${heard} times`);
  }
  if (record.state === 'succeeded') {
    for (const problem of evidence.missing) add('honest', problem);
  } else if (over && evidence.unharmed) {
    add('unharmed', `${record.state}: ${JSON.stringify(record.outcome?.failure)}`);
  }
  for (const problem of evidence.ledger.problems) add('ledger', problem);
  // A disk that stays full takes no entry; the record says so then.
  const isMissing = record.ledger !== undefined && 'missing' in record.ledger;
  if (over && !isMissing && evidence.ledger.ends !== 1) {
    add('ledger', `${evidence.ledger.ends} ends on record`);
  }
  const elapsed = record.elapsed_ms;
  if (elapsed !== undefined && (elapsed < 0 || elapsed > evidence.sceneMs + TIME_SLACK_MS)) {
    add('time', `${elapsed} ms in a scene of ${Math.round(evidence.sceneMs)} ms`);
  }
  return found;
}

/** Each attempt's events against what its worker really wrote. */
function lineProblems({ record, events, streams }: Evidence): string[] {
  const problems = rawCoverage(events);
  const journaled = new Map<number, [number, number][]>();
  let attempt = 0;
  for (const event of events) {
    if (event.type === 'cc.worker.started') attempt = Number(event.attempt);
    if (event.type === 'cc.worker.started') journaled.set(attempt, []);
    if (event.raw !== undefined) journaled.get(attempt)?.push(event.raw);
  }
  for (const [index, stream] of streams.entries()) {
    // Of several files of one attempt only the last worker was journaled.
    const isLast = !streams.slice(index + 1).some((one) => one.attempt === stream.attempt);
    const ranges = (isLast && journaled.get(stream.attempt)) || [];
    const ends = new Set(stream.lines.map(([, end]) => end));
    const recorded = ranges.at(-1)?.[1] ?? 0;
    const written = stream.lines.at(-1)?.[1] ?? 0;
    const torn = ranges.filter(([, end]) => !ends.has(end));
    if (torn.length > 0) problems.push(`attempt ${stream.attempt}: events end inside a line`);
    // On a disk that stays full nothing can be written; what is there must still be right.
    if (recorded < written && record.outcome?.failure.class !== 'disk_full') {
      const lost = stream.lines.filter(([, end]) => end > recorded).length;
      problems.push(`attempt ${stream.attempt}: ${lost} of ${stream.lines.length} lines lost`);
    }
  }
  return problems;
}

function doubleStarts({ runs, conversations }: Evidence): string[] {
  const problems: string[] = [];
  if (runs.length !== 1) problems.push(`one launch made ${runs.length} runs: ${runs.join(', ')}`);
  const took = Object.keys(conversations);
  if (took.length > 1) problems.push(`${took.length} conversations: ${took.join(', ')}`);
  for (const [conversation, steps] of Object.entries(conversations)) {
    const twice = steps.filter((step, index) => steps.indexOf(step) !== index);
    if (twice.length > 0) problems.push(`${conversation} asked again for step ${twice.join(', ')}`);
  }
  return problems;
}
