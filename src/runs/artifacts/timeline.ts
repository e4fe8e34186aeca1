import { type CallsLine, foldCalls } from '../call-text.ts';
import type { Progress } from '../progress.ts';

/** tool_timeline.md: the latest tool calls, repeats folded, and how often each tool was called. */
export function renderTimeline({ timeline, tools }: Progress): string {
  const counts = Object.entries(tools)
    .sort(([, a], [, b]) => b - a)
    .map(([tool, count]) => `${tool} ×${count}`);
  return [
    '# Tool calls',
    '',
    counts.length === 0 ? 'none' : counts.join(', '),
    '',
    '| time | call | result |',
    '|---|---|---|',
    ...foldCalls(timeline).map(
      (line) => `| ${line.time.slice(11, 19)} | ${cell(line.text)} | ${resultOf(line)} |`,
    ),
    '',
  ].join('\n');
}

function resultOf({ failed }: CallsLine): string {
  return failed > 0 ? `${failed} failed` : '';
}

/** What a model or a file name may hold must not end the table. */
function cell(text: string): string {
  return text.replace(/[|\\`<]/g, '\\$&');
}
