import { stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { callText, isFolded } from './call-text.ts';
import type { RunEvent } from './events.ts';
import { inProject } from './in-project.ts';

const LINE_CHARS = 160;

/** One line of news, and the events it stands for. */
export type NewsLine = { first: number; last: number; text: string };

/** Events as lines a controller can act on; repeats are folded (`Grep ×7`), noise is left out. */
export function newsOf(events: readonly RunEvent[], root = ''): string[] {
  return foldNews(events, root).map(({ text }) => text);
}

/** The same with the numbers of the first and the last event of each line. `root` is the project. */
export function foldNews(events: readonly RunEvent[], root: string): NewsLine[] {
  const groups: Group[] = [];
  for (const event of events) {
    const text = describeEvent(event, root);
    if (text === undefined) continue;
    const line = oneLine(text, LINE_CHARS);
    const isCall = event.type === 'cc.tool.used' && event.todos === undefined;
    const tool = isCall ? stringAt(event, 'tool') : undefined;
    const last = groups.at(-1);
    const isAlike = tool !== undefined && isFolded(tool) && last?.tool === tool;
    if (last !== undefined && (isAlike || last.text === line)) {
      last.count += 1;
      last.last = event.seq;
      last.targets.add(targetOf(event, root));
    } else {
      groups.push({
        first: event.seq,
        last: event.seq,
        text: line,
        count: 1,
        tool,
        targets: new Set([targetOf(event, root)]),
      });
    }
  }
  return groups.map((group) => ({ first: group.first, last: group.last, text: textOf(group) }));
}

type Group = NewsLine & { count: number; tool: string | undefined; targets: Set<string> };

function textOf({ text, count, tool, targets }: Group): string {
  if (tool !== undefined) return callText(tool, targets, count);
  return count > 1 ? `${text} ×${count}` : text;
}

function targetOf(event: RunEvent, root: string): string {
  return inProject(root, stringAt(event, 'target') ?? '');
}

/** What an event says to somebody who follows a run, or undefined where it says nothing. */
export function describeEvent(event: RunEvent, root = ''): string | undefined {
  const field = (name: string) => stringAt(event, name) ?? '';
  switch (event.type) {
    case 'cc.worker.started':
      return event.attempt === 1 ? undefined : `started again (attempt ${event.attempt})`;
    case 'cc.supervisor.started':
      return event.take_over === true ? 'a new supervisor took over' : undefined;
    case 'cc.run.moved':
      return `goes on for ${movedText(event.from)} at ${field('to')}`;
    case 'cc.worker.ready':
      return `ready: ${field('model')}`;
    case 'cc.worker.model_changed':
      return `model changed: ${field('from')} -> ${field('to')}`;
    case 'cc.message':
      return `says: ${field('text')}`;
    case 'cc.tool.used':
      return Array.isArray(event.todos)
        ? planText(event.todos)
        : `${field('tool')} ${targetOf(event, root)}`;
    case 'cc.tool.finished':
      return event.ok === false ? `failed: ${field('output')}` : undefined;
    case 'cc.hook.answered':
    case 'cc.permission.answered':
      return event.allow === false ? `refused ${field('tool')}: ${field('reason')}` : undefined;
    case 'cc.api.retried':
      return `model service: retry (${event.status ?? (field('error') || 'network')})`;
    case 'cc.api.failed':
      return `model service failed: ${field('error')} ${field('text')}`;
    case 'cc.context.compacted':
      return 'context compacted';
    case 'cc.flag.raised':
      return `flag ${field('code')} (${field('severity')}): ${field('evidence')}`;
    case 'cc.finding.made':
      return `found: ${field('text')}`;
    case 'cc.turn.ended':
      return event.is_error === true ? `turn failed: ${field('reason')}` : 'turn finished';
    case 'cc.instruction.accepted':
      return 'was given an instruction';
    case 'cc.scope.narrowed':
      return 'its scope was narrowed';
    case 'cc.question.asked':
      return `asks: ${field('text')}`;
    case 'cc.limit.reached':
      return `budget used up: ${field('because')}`;
    case 'cc.context.rotated':
      return `handed over to a fresh session (${field('because')})`;
    case 'cc.stop.requested':
      return `stopping: ${field('detail')}`;
    case 'cc.run.ended':
      return 'run ended';
    default:
      return undefined;
  }
}

function movedText(from: unknown): string {
  const runs = Array.isArray(from) ? from : [];
  return runs.map((one) => `${stringAt(one, 'profile')} (${stringAt(one, 'class')})`).join(', ');
}

function planText(todos: readonly unknown[]): string {
  const done = todos.filter((todo) => stringAt(todo, 'state') === 'completed').length;
  const current = todos.find((todo) => stringAt(todo, 'state') === 'in_progress');
  const now = current === undefined ? '' : `, now: "${stringAt(current, 'text')}"`;
  return `plan: ${done} of ${todos.length} done${now}`;
}
