import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { arrayAt, isObject, type JsonObject, parseJson, stringAt } from '../../core/json.ts';
import { LineReader } from '../../store/lines.ts';
import { isWriteTool } from '../../workers/claude/guard.ts';
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
  /** Lines that are no events, and gaps in their numbers. */
  problems: string[];
};

/** Events that count as the end of the output (capabilities.md A8). */
const LATE_EVENTS = 20;
const SLICE_BYTES = 4 << 20;
/** How long a target may be before the journal cuts it (tool-text.ts). */
const TARGET_CHARS = 300;

/**
 * What the worker really did, from its events: one pass, without keeping them. Only lines of the few
 * types that matter are parsed. It pauses between slices, so that commands under way are served.
 */
export async function readRunLog(path: string): Promise<RunLog> {
  const log: RunLog = { commands: [], writes: [], late_errors: [], events: 0, problems: [] };
  if (!existsSync(path)) return { ...log, problems: ['there are no events'] };
  const open = new Map<string, (end: JsonObject) => void>();
  const late: { seq: number; text: string }[] = [];
  let unreadable = 0;
  const reader = new LineReader(path);
  try {
    for (let isHeader = true; ; ) {
      const lines = reader.read(SLICE_BYTES);
      if (lines.length === 0) break;
      for (const { bytes } of lines) {
        if (isHeader) {
          isHeader = false;
          continue;
        }
        log.events += 1;
        const type = bytes === undefined ? undefined : typeIn(bytes);
        if (type === undefined || bytes === undefined) {
          unreadable += 1;
          continue;
        }
        if (!WANTED.has(type) || isIrrelevant(type, bytes, open)) continue;
        const event = parseJson(bytes.toString('utf8'));
        if (!isObject(event)) {
          unreadable += 1;
          continue;
        }
        take(log, open, late, type, event);
      }
      await setImmediate();
    }
  } finally {
    reader.close();
  }
  if (unreadable > 0) log.problems.push(`${unreadable} line(s) of the events are unreadable`);
  if (reader.unfinishedBytes > 0) log.problems.push('the events end in the middle of a line');
  log.late_errors = late
    .filter(({ seq }) => seq > log.events - LATE_EVENTS)
    .map(({ text }) => text);
  return log;
}

const WANTED: ReadonlySet<string> = new Set([
  'cc.tool.used',
  'cc.tool.finished',
  'cc.api.failed',
  'cc.turn.ended',
  'cc.worker.unreadable',
]);

const TYPE = Buffer.from('"type":"');
const TOOL = Buffer.from('"tool":"');
const ID = Buffer.from('"id":"');
const MORE = Buffer.from('"more":[');
/** seq, epoch and time come first; a type further back is one inside of something else. */
const TYPE_WITHIN = 160;
/** What names tool and call stands before their input and output, which are long. */
const NAME_WITHIN = 1200;

function typeIn(bytes: Buffer): string | undefined {
  return textAfter(bytes, TYPE, TYPE_WITHIN);
}

/** Most calls read or search; of them, neither beginning nor end is worth parsing. */
function isIrrelevant(type: string, bytes: Buffer, open: ReadonlyMap<string, unknown>): boolean {
  if (type === 'cc.tool.used') {
    const tool = textAfter(bytes, TOOL, NAME_WITHIN);
    return tool !== undefined && tool !== 'Bash' && !isWriteTool(tool);
  }
  if (type !== 'cc.tool.finished' || bytes.includes(MORE)) return false;
  const id = textAfter(bytes, ID, NAME_WITHIN);
  return id !== undefined && !open.has(id);
}

function textAfter(bytes: Buffer, key: Buffer, within: number): string | undefined {
  const at = bytes.subarray(0, within).indexOf(key);
  if (at === -1) return undefined;
  const from = at + key.length;
  const end = bytes.indexOf(0x22, from);
  return end === -1 ? undefined : bytes.toString('latin1', from, end);
}

function take(
  log: RunLog,
  open: Map<string, (end: JsonObject) => void>,
  late: { seq: number; text: string }[],
  type: string,
  event: JsonObject,
): void {
  const seq = typeof event.seq === 'number' ? event.seq : 0;
  const id = stringAt(event, 'id') ?? '';
  switch (type) {
    case 'cc.tool.used':
      called(log, open, event, seq, id);
      return;
    case 'cc.tool.finished': {
      for (const one of [id, ...arrayAt(event, 'more')]) {
        open.get(String(one))?.(event);
        open.delete(String(one));
      }
      return;
    }
    case 'cc.api.failed':
      late.push({ seq, text: `model service: ${stringAt(event, 'error') ?? 'error'}` });
      return;
    case 'cc.worker.unreadable':
      late.push({ seq, text: 'a line of the worker could not be read' });
      return;
    case 'cc.turn.ended':
      if (event.is_error === true) late.push({ seq, text: 'the turn ended in an error' });
      return;
    default:
      return;
  }
}

function called(
  log: RunLog,
  open: Map<string, (end: JsonObject) => void>,
  event: JsonObject,
  seq: number,
  id: string,
): void {
  const tool = stringAt(event, 'tool') ?? '';
  const target = stringAt(event, 'target') ?? '';
  if (tool === 'Bash') {
    const command: LoggedCommand = {
      seq,
      command: target,
      whole: target.length < TARGET_CHARS,
      status: 'unknown',
      tests: event.runs === 'tests',
      writesTo: simpleCommands(target).flatMap(({ writesTo }) => writesTo),
    };
    log.commands.push(command);
    open.set(id, (end) => {
      command.status = statusOf(command, end);
    });
  } else if (isWriteTool(tool)) {
    const write = { seq, path: target, ok: false, refused: false };
    log.writes.push(write);
    open.set(id, (end) => {
      write.refused = end.denied === true;
      write.ok = end.ok === true && !write.refused;
    });
  }
}

const HIDES_EXIT = /\|\||[^|]\|[^|]|;/;

/** `npm test | tail` ends well whatever the tests say, so their own words count, too. */
function statusOf({ command, tests }: LoggedCommand, end: JsonObject): LoggedCommand['status'] {
  if (end.denied === true) return 'refused';
  if (end.ok !== true) return 'failed';
  if (!tests) return 'ok';
  const counts = countsInText(stringAt(end, 'output') ?? '');
  if (counts !== undefined) return counts.failed > 0 ? 'failed' : 'ok';
  return HIDES_EXIT.test(command) ? 'unknown' : 'ok';
}
