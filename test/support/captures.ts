import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseJson } from '../../src/core/json.ts';
import { applyEvent } from '../../src/runs/apply-event.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import { emptyProgress, type Progress } from '../../src/runs/progress.ts';
import { type Line, LineReader } from '../../src/store/lines.ts';
import { normaliseLine } from '../../src/workers/claude/normalise.ts';
import type { WorkerEvent } from '../../src/workers/events.ts';

/**
 * What the real Claude Code 2.1.329 wrote to stdout in more than two hundred situations: success,
 * failures of the model service, signals, refusals, live control, hooks, MCP, sessions.
 */
const FIXTURES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures');
const CAPTURES = join(FIXTURES, 'claude-2.1.329');
export const GOLDEN = join(FIXTURES, 'golden');

export const captureNames: readonly string[] = readdirSync(CAPTURES)
  .filter((name) => name.endsWith('.ndjson'))
  .map((name) => name.slice(0, -'.ndjson'.length))
  .sort();

/** Exit codes as the shell saw them; -9 is SIGKILL (by whoever made the capture, or by its test). */
const exits = parseJson(readFileSync(join(CAPTURES, 'exits.json'), 'utf8')) as Record<
  string,
  number
>;

export function exitOf(name: string): { code: number | null; signal: string | null } {
  const code = exits[name];
  if (code === undefined) throw new Error(`exits.json has no ${name}`);
  return code === -9 ? { code: null, signal: 'SIGKILL' } : { code, signal: null };
}

export function captureLines(name: string): Line[] {
  const reader = new LineReader(join(CAPTURES, `${name}.ndjson`));
  try {
    return reader.read();
  } finally {
    reader.close();
  }
}

export function captureEvents(name: string): WorkerEvent[] {
  return captureLines(name).map((line) => normaliseLine(line.bytes));
}

/** A run made of the given events, numbered and stamped as the journal would. */
export function fold(events: readonly object[], progress: Progress = emptyProgress()): Progress {
  for (const event of events) applyEvent(progress, runEvent(event, progress.seq + 1));
  return progress;
}

export function runEvent(fields: object, seq = 1): RunEvent {
  const time = new Date(1_795_000_000_000 + seq * 1000).toISOString();
  return { seq, epoch: 1, time, type: 'cc.worker.other', ...fields } as RunEvent;
}

export const started = (attempt = 1) => ({
  type: 'cc.worker.started',
  attempt,
  worker: { pid: 4711, start: '1', boot: 'b' },
});
export const initialized = {
  type: 'cc.control.answered',
  request_id: 'init-1',
  ok: true,
  hooks_applied: true,
  hook_on_failure_supported: true,
};
export const exited = (code: number | null = 0, signal: string | null = null, adopted = false) => ({
  type: 'cc.worker.exited',
  code,
  signal,
  adopted,
});

/**
 * A capture as the supervisor would have journaled it. The captures were plain runs without our
 * `initialize`, so its answer is put in wherever the worker came to life at all.
 */
export function journaled(name: string, exit: object = exited(...codeAndSignal(name))): object[] {
  const lines = captureLines(name).map((line) => ({
    ...normaliseLine(line.bytes),
    raw: [line.start, line.end],
  }));
  const isAlive = lines.some(({ type }) => type === 'cc.worker.ready');
  return [started(), ...(isAlive ? [initialized] : []), ...lines, exit];
}

export function foldCapture(name: string, exit?: object): Progress {
  return fold(journaled(name, exit));
}

function codeAndSignal(name: string): [number | null, string | null] {
  const { code, signal } = exitOf(name);
  return [code, signal];
}
