import { styleText } from 'node:util';
import { stringify } from 'yaml';
import type { ErrorFacts } from '../core/errors.ts';
import { neutralise } from '../core/text.ts';
import type { Tool } from '../tools/define.ts';

/** Where a person reads errors and progress: colours only on a terminal that wants them. */
export type Screen = { isTTY: boolean; colour: boolean };

/** A result for people. YAML, because it shows every field by name without any code per tool. */
export function renderResult(tool: Tool, result: Record<string, unknown>): string {
  if (tool.format === 'text') return withNewline(neutralise(String(result.text)));
  return withNewline(neutralise(stringify(result, { lineWidth: 100 })));
}

export function renderError(error: ErrorFacts, screen: Screen): string {
  const head = paint('red', neutralise(`error: ${error.message} [${error.code}]`), screen);
  const hint = error.hint === undefined ? '' : `\n  -> ${neutralise(asCommands(error.hint))}`;
  return withNewline(head + hint);
}

export function renderProgress(message: string, screen: Screen): string {
  return withNewline(paint('dim', `… ${neutralise(message)}`, screen));
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
