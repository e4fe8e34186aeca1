/** Where the demo writes. A stream that is no terminal gets plain lines and nothing else. */
export type Output = { write(text: string): unknown; columns?: number | undefined };

export type Tone = 'plain' | 'bold' | 'dim' | 'good' | 'bad' | 'warn' | 'accent';

const CODES: Readonly<Record<Exclude<Tone, 'plain'>, number>> = {
  bold: 1,
  dim: 2,
  good: 32,
  bad: 31,
  warn: 33,
  accent: 36,
};

/** Where the width is not known, and nothing is wrapped. */
const COLUMNS = 100;
const CLEAR_LINE = '\r\u001b[2K';

export class Screen {
  readonly columns: number;
  readonly #out: Output;
  readonly #tty: boolean;
  readonly #colour: boolean;
  #status = '';

  constructor(out: Output, options: { isTTY: boolean; colour: boolean }) {
    this.#out = out;
    this.#tty = options.isTTY;
    this.#colour = options.colour;
    this.columns = Math.max(60, out.columns ?? COLUMNS);
  }

  line(text = ''): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  /** One line that the next one replaces; only in a terminal. */
  status(text: string): void {
    if (!this.#tty || text === this.#status) return;
    this.#clear();
    this.#out.write(this.paint('dim', text.slice(0, this.columns - 1)));
    this.#status = text;
  }

  /** Removes the status line, so that whoever writes next starts on an empty line. */
  end(): void {
    this.#clear();
  }

  paint(tone: Tone, text: string): string {
    if (!this.#colour || tone === 'plain' || text === '') return text;
    return `\u001b[${CODES[tone]}m${text}\u001b[0m`;
  }

  #clear(): void {
    if (this.#status !== '') this.#out.write(CLEAR_LINE);
    this.#status = '';
  }
}
