import { isObject, parseJson, stringAt } from '../../core/json.ts';
import { LineReader } from '../../store/lines.ts';
import { isWriteTool } from '../../workers/claude/guard.ts';
import type { RunEvent } from '../events.ts';
import type { Narrowing } from '../record.ts';

/** What a run's tool calls explain of the changes in its directory. Times in ms since 1970. */
export type CallLog = {
  /** Targets of write tools that were let through, as the worker named them. */
  writes: string[];
  /** When its shell commands ran. */
  commands: { command: string; from: number; to: number }[];
  /** Writes outside the scope that the controller allowed. */
  allowed: string[];
  /** What the controller took away, and since when. */
  narrowed: (Narrowing & { from: number })[];
};

type Call = { tool: string; target: string; from: number; stays: boolean };

const WANTED = ['"cc.tool.', '"cc.hook.answered"', '"cc.scope.narrowed"', '"cc.worker.exited"'];

/** Reads events.ndjson once; lines about anything else are not even parsed. */
export function readCallLog(eventsPath: string): CallLog {
  const log: CallLog = { writes: [], commands: [], allowed: [], narrowed: [] };
  const open = new Map<string, Call>();
  const reader = new LineReader(eventsPath);
  try {
    for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
      for (const { bytes } of lines) {
        if (bytes === undefined || !WANTED.some((type) => bytes.includes(type))) continue;
        const event = parseJson(bytes.toString('utf8'));
        if (isObject(event)) take(log, open, event as RunEvent);
      }
    }
  } finally {
    reader.close();
  }
  // Cut off in the middle, or going on: how far it came nobody knows.
  for (const call of open.values()) settle(log, call, Infinity);
  return log;
}

function take(log: CallLog, open: Map<string, Call>, event: RunEvent): void {
  const time = Date.parse(event.time);
  switch (event.type) {
    case 'cc.tool.used': {
      const tool = stringAt(event, 'tool') ?? '';
      const target = stringAt(event, 'target') ?? '';
      const id = stringAt(event, 'id') ?? `${event.seq}`;
      open.set(id, { tool, target, from: time, stays: mayStay(event, target) });
      return;
    }
    case 'cc.tool.finished': {
      const id = stringAt(event, 'id') ?? '';
      const call = open.get(id);
      if (call === undefined) return;
      // One that runs on in the background may write until the worker is gone.
      if (call.stays && event.denied !== true) return;
      open.delete(id);
      if (event.denied === true || (event.ok !== true && call.tool !== 'Bash')) return;
      settle(log, call, time);
      return;
    }
    case 'cc.hook.answered':
      answered(log, open, event);
      return;
    case 'cc.worker.exited':
      for (const call of open.values()) settle(log, call, time);
      open.clear();
      return;
    case 'cc.scope.narrowed':
      log.narrowed.push({ ...listsOf(event), from: time });
      return;
    default:
      return;
  }
}

/** A refused call must not explain anything, also when its end was never heard of. */
function answered(log: CallLog, open: Map<string, Call>, event: RunEvent): void {
  const tool = stringAt(event, 'tool') ?? '';
  const target = stringAt(event, 'target') ?? '';
  if (event.allow === false) {
    const refused = [...open].findLast(([, one]) => one.tool === tool && one.target === target);
    if (refused !== undefined) open.delete(refused[0]);
  } else if (event.by !== undefined && isWriteTool(tool)) log.allowed.push(target);
}

function settle(log: CallLog, { tool, target, from }: Call, to: number): void {
  if (isWriteTool(tool)) log.writes.push(target);
  else if (tool === 'Bash') log.commands.push({ command: target, from, to });
}

const BACKGROUND = /(?:^|[^&>|])&(?![&>])|\b(?:nohup|setsid|disown|at|batch)\b/;

function mayStay(event: RunEvent, command: string): boolean {
  if (event.tool !== 'Bash') return false;
  return (
    BACKGROUND.test(command) ||
    (stringAt(event, 'input') ?? '').includes('"run_in_background":true')
  );
}

function listsOf(event: RunEvent): Narrowing {
  const list = (value: unknown) =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
  const [paths, commands] = [list(event.paths), list(event.commands)];
  return {
    ...(paths === undefined ? {} : { paths }),
    ...(commands === undefined ? {} : { commands }),
  };
}
