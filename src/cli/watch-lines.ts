import { neutralise, oneLine, truncate } from '../core/text.ts';
import type { Screen as Terminal, Tone } from '../demo/screen.ts';
import type { RunEvent } from '../runs/events.ts';
import { describeEvent } from '../runs/news.ts';
import type { RunRecord } from '../runs/record.ts';
import type { RunView } from '../runs/view.ts';
import { money } from './render.ts';

/** Text of a worker is shown to a person: without control characters, and not without end. */
const TEXT_CHARS = 4000;
const TEXT_LINES = 40;
const LINE_CHARS = 400;
const TIME_WIDTH = 8;

export function headLine(record: RunRecord, terminal: Terminal): string {
  const facts = [record.role, record.profile.id, record.model ?? '', record.run_id];
  const title = terminal.paint('bold', oneLine(record.title, LINE_CHARS));
  return `${title}  ${terminal.paint('dim', oneLine(facts.filter(Boolean).join('  '), LINE_CHARS))}`;
}

/** An event as lines with its time since the launch; none where it says nothing to a watcher. */
export function eventLines(event: RunEvent, terminal: Terminal, since: number): string[] {
  const text = describeEvent(event);
  if (text === undefined) return [];
  const tone = toneOf(event);
  const time = elapsed(Date.parse(event.time) - since).padStart(TIME_WIDTH);
  const [first = '', ...rest] = event.type === 'cc.message' ? paragraph(text) : [inLine(text)];
  const indent = ' '.repeat(TIME_WIDTH + 2);
  return [
    `${terminal.paint('dim', time)}  ${terminal.paint(tone, first)}`,
    ...rest.map((line) => indent + terminal.paint(tone, line)),
  ];
}

const NO_TOKENS: NonNullable<RunView['tokens']> = { input: 0, output: 0, cached: 0 };

/** What it came to, and where the whole answer is. */
export function endLines(view: RunView, terminal: Terminal): string[] {
  const { tokens = NO_TOKENS } = view;
  const good = view.state === 'succeeded';
  const facts = [
    `${view.elapsed_s} s`,
    money(view) || 'unknown cost',
    `${tokens.input} tokens in, ${tokens.cached} cached, ${tokens.output} out`,
    ...(view.changed_files === undefined ? [] : [`${view.changed_files} changed files`]),
  ];
  const failure =
    view.failure && [view.failure.class, ...view.failure.evidence].join('; ').replace('; ', ': ');
  return [
    `${terminal.paint(good ? 'good' : 'bad', view.state)}  ${facts.join('  ')}`,
    ...[failure, view.failure?.hint, moveText(view), ...(view.attention ?? [])].flatMap((text) =>
      text === undefined ? [] : [`  ${inLine(text)}`],
    ),
    terminal.paint('dim', `  its answer: cc-orchestrator last-run ${view.run_id}`),
  ];
}

function moveText({ moved_to, not_moved }: RunView): string | undefined {
  if (moved_to === undefined) return not_moved && `not moved: ${not_moved}`;
  return `its task goes on at ${moved_to.profile} ${moved_to.model}: ${moved_to.run_id}`;
}

/** Shows that a silent worker is being watched; only in a terminal, where it is replaced. */
export function pulse(ms: number, { input, cached, output } = NO_TOKENS): string {
  const tokens = `${input + cached} tokens in, ${output} out`;
  return `${elapsed(ms).padStart(TIME_WIDTH)}  … ${tokens} (Ctrl-C leaves, the run goes on)`;
}

function toneOf(event: RunEvent): Tone {
  switch (event.type) {
    case 'cc.message':
      return 'plain';
    case 'cc.tool.used':
      return 'accent';
    case 'cc.tool.finished':
    case 'cc.api.failed':
      return 'bad';
    case 'cc.hook.answered':
    case 'cc.permission.answered':
    case 'cc.api.retried':
    case 'cc.stop.requested':
      return 'warn';
    default:
      return 'dim';
  }
}

function inLine(text: string): string {
  return oneLine(text, LINE_CHARS);
}

function paragraph(text: string): string[] {
  const lines = truncate(neutralise(text), TEXT_CHARS)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line, index, all) => line !== '' || all[index - 1] !== '');
  return lines.length > TEXT_LINES ? [...lines.slice(0, TEXT_LINES), '…'] : lines;
}

/** `7 s`, `2m07s`, `1h02m`. */
function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const pad = (value: number) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${pad(Math.floor(seconds / 60) % 60)}m`;
}
