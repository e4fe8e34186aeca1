import { stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import type { RunEvent } from '../runs/events.ts';
import { readTestOutput } from './sample.ts';
import type { Screen, Tone } from './screen.ts';

/** One line of a run as a person follows it. */
export type RunLine = { seconds: number; verb: string; text: string; tone: Tone };

const VERB_WIDTH = 8;

/** Turns events into lines, one event at a time; remembers what a later event needs. */
export class RunLines {
  #start: number | undefined;
  #cwd = '';
  /** Tool calls by id that were refused (their failure is no news) or whose result is worth a line. */
  readonly #refused = new Set<string>();
  readonly #shell = new Set<string>();
  readonly #asked = new Map<string, string>();

  /** Undefined for an event that says nothing to somebody who watches. */
  lineOf(event: RunEvent): RunLine | undefined {
    const at = Date.parse(event.time);
    this.#start ??= at;
    const line = this.#describe(event, (name) => stringAt(event, name) ?? '');
    return line === undefined ? undefined : { seconds: (at - this.#start) / 1000, ...line };
  }

  #describe(event: RunEvent, field: (name: string) => string): Described {
    switch (event.type) {
      case 'cc.run.started':
        this.#cwd = field('cwd');
        return undefined;
      case 'cc.worker.ready':
        return { verb: 'ready', text: `Claude Code ${field('version')}`, tone: 'dim' };
      case 'cc.message':
        return { verb: 'says', text: field('text'), tone: 'plain' };
      case 'cc.tool.used':
        if (field('tool') === 'Bash') this.#shell.add(field('id'));
        return { verb: field('tool'), text: this.#near(field('target')), tone: 'accent' };
      case 'cc.hook.asked':
        this.#asked.set(field('request_id'), field('id'));
        return undefined;
      case 'cc.hook.answered':
      case 'cc.permission.answered':
        if (event.allow !== false) return undefined;
        this.#refused.add(this.#asked.get(field('request_id')) ?? '');
        return { verb: 'REFUSED', text: firstSentence(this.#near(field('reason'))), tone: 'bad' };
      case 'cc.tool.finished':
        return this.#finished(event.ok === true, field('id'), field('output'));
      case 'cc.api.retried':
        return { verb: 'waits', text: 'the model service is asked again', tone: 'warn' };
      case 'cc.api.failed':
        return { verb: 'FAILED', text: `model service: ${field('text')}`, tone: 'bad' };
      case 'cc.stop.requested':
        return { verb: 'stops', text: field('detail'), tone: 'warn' };
      default:
        return undefined;
    }
  }

  #finished(ok: boolean, id: string, output: string): Described {
    if (this.#refused.has(id)) return undefined;
    const tests = this.#shell.has(id) ? readTestOutput(output) : undefined;
    if (tests !== undefined && tests.passed + tests.failed > 0) {
      const text = `${tests.passed} passed, ${tests.failed} failed`;
      return { verb: '', text, tone: tests.failed === 0 ? 'good' : 'bad' };
    }
    return ok ? undefined : { verb: 'failed', text: output, tone: 'bad' };
  }

  /** Paths inside the project without the project's own. */
  #near(text: string): string {
    if (this.#cwd === '') return text;
    return text.replaceAll(`${this.#cwd}/`, '').replaceAll(`${this.#cwd}\\`, '');
  }
}

type Described = Omit<RunLine, 'seconds'> | undefined;

export function printRunLine(screen: Screen, { seconds, verb, text, tone }: RunLine): void {
  const time = `${seconds.toFixed(1)} s`.padStart(8);
  const head = `${screen.paint('dim', time)}  ${screen.paint(tone, verb.padEnd(VERB_WIDTH))} `;
  const room = screen.columns - time.length - VERB_WIDTH - 3;
  const shown = oneLine(text, Math.max(20, room));
  screen.line(head + (tone === 'accent' ? shown : screen.paint(tone, shown)));
}

function firstSentence(text: string): string {
  return /^.+?\.(?= |$)/.exec(text)?.[0] ?? text;
}
