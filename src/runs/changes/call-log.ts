import { stringAt } from '../../core/json.ts';
import { isWriteTool } from '../../workers/claude/guard.ts';
import type { RunEvent } from '../events.ts';
import type { Narrowing } from '../record.ts';
import { readToolCalls, type ToolCall } from '../tool-calls.ts';

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

export async function readCallLog(eventsPath: string): Promise<CallLog> {
  const log: CallLog = { writes: [], commands: [], allowed: [], narrowed: [] };
  const calls: ToolCall[] = [];
  const refused = new Set<ToolCall>();
  const exits: RunEvent[] = [];
  await readToolCalls(eventsPath, calls, {
    'cc.hook.answered': (event) => {
      const [tool, target] = [stringAt(event, 'tool') ?? '', stringAt(event, 'target') ?? ''];
      if (event.allow === false) {
        // It must not explain anything, also when its end was never heard of.
        const call = calls.findLast(
          (one) => one.end === undefined && one.tool === tool && one.target === target,
        );
        if (call !== undefined) refused.add(call);
      } else if (event.by !== undefined && isWriteTool(tool)) log.allowed.push(target);
    },
    'cc.scope.narrowed': (event) => log.narrowed.push({ ...listsOf(event), from: msOf(event) }),
    'cc.worker.exited': (event) => exits.push(event),
  });
  for (const call of calls) {
    const { tool, target, time, end } = call;
    if (refused.has(call) || end?.denied === true) continue;
    if (tool === 'Bash') {
      const to = end === undefined || mayStay(call) ? workerEnd(exits, call) : end.time;
      log.commands.push({ command: target, from: time, to });
    } else if (end === undefined || end.ok) log.writes.push(target);
  }
  return log;
}

/** Cut off in the middle, or going on: how far it came nobody knows. */
function workerEnd(exits: readonly RunEvent[], call: ToolCall): number {
  const exit = exits.find(({ seq }) => seq > call.seq);
  return exit === undefined ? Infinity : msOf(exit);
}

const BACKGROUND = /(?:^|[^&>|])&(?![&>])|\b(?:nohup|setsid|disown|at|batch)\b/;

/** One that runs on in the background may write until the worker is gone. */
function mayStay({ target, background }: ToolCall): boolean {
  return background || BACKGROUND.test(target);
}

function msOf({ time }: RunEvent): number {
  return Date.parse(time);
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
