import { parseArgs } from 'node:util';
import { CcError, EXIT } from '../core/errors.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';
import { Screen as Terminal } from '../demo/screen.ts';
import type { RunEvent } from '../runs/events.ts';
import { type FoundRun, findRun } from '../runs/find.ts';
import { followRun } from '../runs/follow.ts';
import { lookAt, viewOf } from '../runs/view.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { Host } from '../workspace/host.ts';
import { resolvePlace } from '../workspace/resolve.ts';
import { INTERRUPTED, untilInterrupted } from './interrupt.ts';
import type { Screen } from './render.ts';
import { endLines, eventLines, headLine, pulse } from './watch-lines.ts';

const TICK_MS = 1000;
const PAGE = { maxBytes: 1 << 20, maxRecords: 1000 };
/** Lines of the past that are shown first. */
const LATEST = 30;

/** `cc-orchestrator watch <run id>`: a worker live in a terminal. It only reads; leaving ends nothing. */
export async function watch(args: readonly string[], host: Host, screen: Screen): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      stay: { type: 'boolean', default: false },
      cwd: { type: 'string' },
    },
  });
  const [runId, ...more] = positionals;
  if (runId === undefined || more.length > 0) {
    throw new CcError('BAD_INPUT', 'watch takes one id, of a run or of a workflow.', {
      hint: 'For example: cc-orchestrator watch run_20261121t110900123z_k3v7qa2m',
    });
  }
  const place =
    values.cwd === undefined
      ? undefined
      : resolvePlace({ cwd: values.cwd, env: host.env, processCwd: process.cwd() });
  const { all } = values;
  const code = await untilInterrupted(async (signal) => {
    if (runId.startsWith('wf_')) {
      const { watchWorkflow } = await import('./watch-workflow.ts');
      return watchWorkflow(host, place, runId, { screen, all, signal });
    }
    const run = await findRun(host, runId, place?.workspace);
    return show(host, run, { screen, all, signal });
  });
  if (values.stay && code !== INTERRUPTED) await untilEnter();
  return code;
}

async function show(
  host: Host,
  run: FoundRun,
  { screen, all, signal }: { screen: Screen; all: boolean; signal: AbortSignal },
): Promise<number> {
  const terminal = new Terminal(process.stdout, screen);
  const since = Date.parse(run.record.created);
  terminal.line(headLine(run.record, terminal));
  const from = all ? undefined : showLatest(run, terminal, since);
  for await (const events of followRun(host, run, { tickMs: TICK_MS, signal, ...from })) {
    for (const line of linesOf(events, terminal, since)) terminal.line(line);
    if (!screen.isTTY) continue;
    const { tokens } = viewOf(await lookAt(host, run), { whole: true });
    terminal.status(pulse(host.clock.now().getTime() - since, tokens));
  }
  const live = await lookAt(host, await findRun(host, run.record.run_id, run.workspace));
  const ended = viewOf(live);
  if (!isFinal(ended.state as RunState)) {
    terminal.line(terminal.paint('dim', `left; the run goes on: ${run.record.run_id}`));
    return INTERRUPTED;
  }
  for (const line of endLines(ended, terminal)) terminal.line(line);
  if (live.move?.did === 'moved') {
    const next = await findRun(host, live.move.to.run_id, run.workspace);
    return show(host, next, { screen, all, signal });
  }
  return ended.state === 'succeeded' ? EXIT.ok : EXIT.checkFailed;
}

/** The last lines of what was, and the place where what comes begins. */
function showLatest(run: FoundRun, terminal: Terminal, since: number): { from: string } {
  let from = '';
  let lines: string[] = [];
  let omitted = 0;
  for (let more = true; more; ) {
    const page = readNdjson(run.paths.events, from, PAGE);
    from = page.cursor;
    more = page.more;
    lines.push(...linesOf(page.records as RunEvent[], terminal, since));
    omitted += Math.max(0, lines.length - LATEST);
    lines = lines.slice(-LATEST);
  }
  if (omitted > 0) {
    terminal.line(terminal.paint('dim', `(${omitted} earlier lines; --all shows them)`));
  }
  for (const line of lines) terminal.line(line);
  return { from };
}

function linesOf(events: readonly RunEvent[], terminal: Terminal, since: number): string[] {
  return events.flatMap((event) => eventLines(event, terminal, since));
}

/** A window that was opened for the watcher closes with it. */
async function untilEnter(): Promise<void> {
  if (!process.stdin.isTTY) return;
  process.stdout.write('Enter closes this window.\n');
  await new Promise<void>((resolve) => {
    process.stdin.once('data', () => resolve());
    process.stdin.once('end', () => resolve());
  });
  process.stdin.pause();
}
