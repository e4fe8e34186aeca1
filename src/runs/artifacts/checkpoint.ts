import type { Progress } from '../progress.ts';

/** One point of the worker's list; the text is the model's. */
type Todo = { text: string; state: string };

/** checkpoint-###.md: where a run stood at this moment, in a few lines. */
export function renderCheckpoint(progress: Progress): string {
  const { insight, seq, last_event } = progress;
  const { checkpoint, phase } = insight;
  return [
    `# Checkpoint ${checkpoint.number}`,
    '',
    `${last_event ?? ''} · event ${seq} · ${phase} · ${progress.model_calls} model calls`,
    '',
    ...section('Done', doneOf(progress)),
    ...section(
      'Found',
      insight.findings.slice(-10).map(({ seq: at, text, quote }) => {
        return quote ? `the worker says (event ${at}): "${text}"` : `${text} (event ${at})`;
      }),
    ),
    ...section(
      'Changed',
      insight.changed.map(({ path, edits }) => (edits > 1 ? `${path} ×${edits}` : path)),
    ),
    ...section('Remaining', remainingOf(insight) ?? ['unknown: the worker keeps no list']),
    ...section('Drifting', [driftOf(insight) ?? 'no sign of it']),
  ].join('\n');
}

/** What the worker's own list says is done, else what it did, in numbers. */
export function doneOf({
  insight,
  tools,
}: {
  insight: { todos?: readonly Todo[] | undefined };
  tools: Readonly<Record<string, number>>;
}): string[] {
  const done = insight.todos?.filter(({ state }) => state === 'completed') ?? [];
  if (done.length > 0) return done.map(({ text }) => `"${text}"`);
  return Object.entries(tools).map(([tool, count]) => `${tool} ×${count}`);
}

/** In the worker's words; undefined where it keeps no list. */
export function remainingOf({
  todos,
}: {
  todos?: readonly Todo[] | undefined;
}): string[] | undefined {
  return todos?.filter(({ state }) => state !== 'completed').map(({ text }) => `"${text}"`);
}

const DRIFT: ReadonlySet<string> = new Set([
  'repeated_search',
  'repeated_failure',
  'stalled',
  'excessive_output',
]);

/** Signs that the work goes in circles, where there are any. */
export function driftOf({
  flags,
}: {
  flags: readonly { code: string; count: number }[];
}): string | undefined {
  const signs = flags
    .filter(({ code }) => DRIFT.has(code))
    .map(({ code, count }) => `${code} ×${count}`);
  return signs.length === 0 ? undefined : `possibly: ${signs.join(', ')}`;
}

function section(title: string, lines: readonly string[]): string[] {
  const shown = lines.length === 0 ? ['nothing'] : lines;
  return [`## ${title}`, '', ...shown.map((line) => `- ${line}`), ''];
}
