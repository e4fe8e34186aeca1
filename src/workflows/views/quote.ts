import { type Redactor, redact } from '../../core/redact.ts';
import { neutralise, oneLine } from '../../core/text.ts';

/** Text of a worker, a file or a person as one inert piece of Markdown, at most so many characters. */
export type Quote = (text: string, max?: number) => string;

const DEFAULT_CHARS = 300;

/**
 * Quotes as inline code, in which nothing means anything: no link, no heading, no HTML. Secrets are
 * hidden before anything is cut, or half of one would stay.
 */
export function quoter(hide: Redactor = redact): Quote {
  return (text, max = DEFAULT_CHARS) => {
    const line = oneLine(hide(neutralise(text)), max).replaceAll('`', "'");
    return line === '' ? '–' : `\`${line}\``;
  };
}

/** A quote, or a text of ours, in a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
