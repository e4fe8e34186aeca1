import { styleText } from 'node:util';
import { stringify } from 'yaml';
import type { ErrorFacts } from '../core/errors.ts';
import { neutralise, oneLine } from '../core/text.ts';
import type { ToldView } from '../runs/wait-answer.ts';
import type { Tool } from '../tools/define.ts';

const STATE_WIDTH = 'stopped_limit'.length;
const PART_CHARS = 160;

/** Where a person reads errors and progress: colours only on a terminal that wants them. */
export type Screen = { isTTY: boolean; colour: boolean };

/** A result for people. YAML, because it shows every field by name without any code per tool. */
export function renderResult(tool: Tool, result: Record<string, unknown>): string {
  if (tool.format === 'text') return withNewline(neutralise(String(result.text)));
  return withNewline(neutralise(stringify(result, { lineWidth: 100, blockQuote: 'literal' })));
}

export function renderError(error: ErrorFacts, screen: Screen): string {
  const head = paint('red', neutralise(`error: ${error.message} [${error.code}]`), screen);
  const hint = error.hint === undefined ? '' : `\n  -> ${neutralise(asCommands(error.hint))}`;
  return withNewline(head + hint);
}

export function renderProgress(message: string, screen: Screen): string {
  return withNewline(paint('dim', `… ${neutralise(message)}`, screen));
}

/** A run in one line: how it is, what it was, what it cost, what to look at. */
export function runLine(view: ToldView): string {
  const parts = [
    view.state.padEnd(STATE_WIDTH),
    view.run_id,
    money(view),
    view.title ?? '',
    ...(view.failure === undefined ? [] : [`(${view.failure.class})`]),
    ...(view.moved_to === undefined
      ? []
      : [`-> ${view.moved_to.profile} ${view.moved_to.model}, ${view.moved_to.run_id}`]),
    ...(view.moved_from === undefined ? [] : [movedHere(view.moved_from)]),
    ...(view.not_moved === undefined ? [] : [`not moved: ${view.not_moved}`]),
    ...(view.attention === undefined ? [] : [`! ${view.attention.join('; ')}`]),
  ];
  const told = parts.map((part, at) => (at === 0 ? part : oneLine(part, PART_CHARS)));
  return told.filter(Boolean).join('  ');
}

function movedHere(from: NonNullable<ToldView['moved_from']>): string {
  return `moved from ${from.map((one) => `${one.profile} (${one.class})`).join(', ')}`;
}

/** What a run cost; nothing while that is not settled. An unknown price is never shown as 0. */
export function money({ usd, cost_complete }: Pick<ToldView, 'usd' | 'cost_complete'>): string {
  if (usd === undefined) return '';
  if (usd === null) return 'unknown cost';
  return `${cost_complete === false ? 'at least ' : ''}$${usd.toFixed(4)}`;
}

/** Hints name tools; at a shell the same things are commands. */
function asCommands(hint: string): string {
  return hint.replace(/\bcc_([a-z_]+)/g, (_, name: string) => name.replaceAll('_', '-'));
}

/** The last step: what is painted may hold no control characters of its own. */
function paint(style: 'red' | 'dim', text: string, screen: Screen): string {
  return screen.colour ? styleText(style, text, { validateStream: false }) : text;
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
