import { oneLine } from '../core/text.ts';
import type { ToolLine } from './progress.ts';

const LINE_CHARS = 160;
const TARGETS_SHOWN = 3;

/** Calls that only look: which of them came after which is of no interest. */
const LOOKING: ReadonlySet<string> = new Set(['Read', 'Grep', 'Glob', 'LS', 'TodoWrite']);

/** Whether calls of this tool are one line, whatever they look at. */
export function isFolded(tool: string): boolean {
  return LOOKING.has(tool);
}

/** Calls of one tool as one line: `Read a.ts`, `Read a.ts ×2`, `Read ×3: a.ts, b.ts, c.ts`. */
export function callText(tool: string, targets: ReadonlySet<string>, count: number): string {
  const [only = ''] = targets;
  const times = count > 1 ? ` ×${count}` : '';
  if (targets.size <= 1) return oneLine(`${tool} ${only}${times}`, LINE_CHARS);
  const shown = [...targets].slice(0, TARGETS_SHOWN).join(', ');
  const more = targets.size > TARGETS_SHOWN ? ', …' : '';
  return oneLine(`${tool}${times}: ${shown}${more}`, LINE_CHARS);
}

export type CallsLine = { time: string; text: string; failed: number };

/** The timeline with calls that only look folded, in the order they came. */
export function foldCalls(timeline: readonly ToolLine[]): CallsLine[] {
  type Group = { tool: string; targets: Set<string>; count: number; time: string; failed: number };
  const groups: Group[] = [];
  for (const { tool, target = '', count, ok, time } of timeline) {
    const last = groups.at(-1);
    const failed = ok === false ? 1 : 0;
    if (last !== undefined && last.tool === tool && isFolded(tool)) {
      last.targets.add(target);
      last.count += count;
      last.failed += failed;
    } else groups.push({ tool, targets: new Set([target]), count, time, failed });
  }
  return groups.map(({ tool, targets, count, time, failed }) => ({
    time,
    text: callText(tool, targets, count),
    failed,
  }));
}
