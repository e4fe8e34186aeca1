import { existsSync } from 'node:fs';
import { stringAt } from '../../core/json.ts';
import { plural } from '../../core/text.ts';
import { readToolCalls, type ToolCall } from '../../runs/tool-calls.ts';
import { simpleCommands } from '../../workers/claude/shell-commands.ts';
import { countsInText } from '../results/console.ts';

/** A shell command of the worker as the journal tells it. */
export type LoggedCommand = {
  seq: number;
  /** One line; `whole` where nothing of it was cut off. */
  command: string;
  whole: boolean;
  status: 'ok' | 'failed' | 'refused' | 'unknown';
  /** It runs tests. */
  tests: boolean;
  /** Files its redirections name. */
  writesTo: string[];
};

export type RunLog = {
  commands: LoggedCommand[];
  /** Targets of file tools, as the worker named them, and whether the call went well. */
  writes: { seq: number; path: string; ok: boolean; refused: boolean }[];
  /** Errors among the last events, in a few words each. */
  late_errors: string[];
  events: number;
  /** Why it may not be all: lines that are no events, an end in the middle of one. */
  problems: string[];
};

/** Events that count as the end of the output (capabilities.md A8). */
const LATE_EVENTS = 20;
/** How long a target may be before the journal cuts it (tool-text.ts). */
const TARGET_CHARS = 300;

/** What the worker really did, from its events. */
export async function readRunLog(path: string): Promise<RunLog> {
  const log: RunLog = { commands: [], writes: [], late_errors: [], events: 0, problems: [] };
  if (!existsSync(path)) return { ...log, problems: ['there are no events'] };
  const calls: ToolCall[] = [];
  const errors: { seq: number; text: string }[] = [];
  const { events, unreadable, isCutOff } = await readToolCalls(path, calls, {
    'cc.api.failed': (event) => {
      const text = `model service: ${stringAt(event, 'error') ?? 'error'}`;
      errors.push({ seq: event.seq, text });
    },
    'cc.worker.unreadable': ({ seq }) =>
      errors.push({ seq, text: 'a line of the worker could not be read' }),
    'cc.turn.ended': ({ seq, is_error }) => {
      if (is_error === true) errors.push({ seq, text: 'the turn ended in an error' });
    },
  });
  if (unreadable > 0)
    log.problems.push(
      `${plural(unreadable, 'line of the events is', 'lines of the events are')} unreadable`,
    );
  if (isCutOff) log.problems.push('the events end in the middle of a line');
  for (const call of calls) {
    if (call.tool === 'Bash') log.commands.push(commandOf(call));
    else log.writes.push(writeOf(call));
  }
  const late_errors = errors
    .filter(({ seq }) => seq > events - LATE_EVENTS)
    .map(({ text }) => text);
  return { ...log, events, late_errors };
}

function commandOf(call: ToolCall): LoggedCommand {
  const { seq, target, tests } = call;
  return {
    seq,
    command: target,
    whole: target.length < TARGET_CHARS,
    status: statusOf(call),
    tests,
    writesTo: simpleCommands(target).flatMap(({ writesTo }) => writesTo),
  };
}

function writeOf({ seq, target, end }: ToolCall): RunLog['writes'][number] {
  const refused = end?.denied === true;
  return { seq, path: target, ok: end?.ok === true && !refused, refused };
}

const HIDES_EXIT = /\|\||[^|]\|[^|]|;/;

/** `npm test | tail` ends well whatever the tests say, so their own words count, too. */
function statusOf({ target, tests, end }: ToolCall): LoggedCommand['status'] {
  if (end === undefined) return 'unknown';
  if (end.denied) return 'refused';
  if (!end.ok) return 'failed';
  if (!tests) return 'ok';
  const counts = countsInText(end.output);
  if (counts !== undefined) return counts.failed > 0 ? 'failed' : 'ok';
  return HIDES_EXIT.test(target) ? 'unknown' : 'ok';
}
