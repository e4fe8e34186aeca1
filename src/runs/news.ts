import { stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import type { RunEvent } from './events.ts';

const LINE_CHARS = 160;

/** Events as lines a controller can act on; repeats are folded (`Grep ×7`), noise is left out. */
export function newsOf(events: readonly RunEvent[]): string[] {
  const lines: { text: string; count: number }[] = [];
  for (const event of events) {
    const text = lineOf(event);
    if (text === undefined) continue;
    const last = lines.at(-1);
    if (last?.text === text) last.count += 1;
    else lines.push({ text, count: 1 });
  }
  return lines.map(({ text, count }) => (count > 1 ? `${text} ×${count}` : text));
}

function lineOf(event: RunEvent): string | undefined {
  const text = describeEvent(event);
  return text === undefined ? undefined : oneLine(text, LINE_CHARS);
}

/** What an event says to somebody who follows a run, or undefined where it says nothing. */
export function describeEvent(event: RunEvent): string | undefined {
  const field = (name: string) => stringAt(event, name) ?? '';
  switch (event.type) {
    case 'cc.worker.started':
      return event.attempt === 1 ? undefined : `started again (attempt ${event.attempt})`;
    case 'cc.supervisor.started':
      return event.take_over === true ? 'a new supervisor took over' : undefined;
    case 'cc.worker.ready':
      return `ready: ${field('model')}`;
    case 'cc.worker.model_changed':
      return `model changed: ${field('from')} -> ${field('to')}`;
    case 'cc.message':
      return `says: ${field('text')}`;
    case 'cc.tool.used':
      return `${field('tool')} ${field('target')}`;
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
    case 'cc.turn.ended':
      return event.is_error === true ? `turn failed: ${field('reason')}` : 'turn finished';
    case 'cc.stop.requested':
      return `stopping: ${field('detail')}`;
    case 'cc.run.ended':
      return 'run ended';
    default:
      return undefined;
  }
}
