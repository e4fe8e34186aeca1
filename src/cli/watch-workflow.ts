import { EXIT } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { oneLine } from '../core/text.ts';
import { Screen as Terminal } from '../demo/screen.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Instance } from '../workflows/core/instance.ts';
import { newInstance } from '../workflows/core/new-instance.ts';
import { ensureWorkflowSupervised } from '../workflows/instances/ensure.ts';
import { findWorkflow } from '../workflows/instances/find.ts';
import { readJournal } from '../workflows/instances/journal.ts';
import { readPlan } from '../workflows/instances/plan-file.ts';
import { type FoundWorkflow, readWorkflowRecord } from '../workflows/instances/record.ts';
import type { Plan } from '../workflows/plan.ts';
import { nextCall } from '../workflows/views/next-call.ts';
import type { Quote } from '../workflows/views/quote.ts';
import { turnOf, turnTexts } from '../workflows/views/story.ts';
import { isOver } from '../workflows/vocabulary.ts';
import type { Host } from '../workspace/host.ts';
import type { Place } from '../workspace/resolve.ts';
import { INTERRUPTED } from './interrupt.ts';
import type { Screen } from './render.ts';

const TICK_MS = 1000;
/** Decisions of the past that are shown first. */
const LATEST = 30;

type Watching = { screen: Screen; all: boolean; signal: AbortSignal };

/** A workflow live in a terminal: its story as the report will tell it. Leaving ends nothing. */
export async function watchWorkflow(
  host: Host,
  near: Pick<Place, 'workspace'> | undefined,
  id: string,
  { screen, all, signal }: Watching,
): Promise<number> {
  const found = await findWorkflow(host, near, id);
  const terminal = new Terminal(process.stdout, screen);
  const { workflow_id, plan_id, mock } = found.record;
  const head = `${plan_id}  ${workflow_id}${mock ? '  (mock: no worker is real)' : ''}`;
  terminal.line(terminal.paint('bold', head));
  const { plan, instance, broken } = await follow(host, found, terminal, { all, signal });
  if (broken !== undefined) {
    terminal.line(terminal.paint('bad', broken));
    return EXIT.checkFailed;
  }
  if (!isOver(instance.state)) {
    terminal.line(terminal.paint('dim', `left; the workflow goes on: ${workflow_id}`));
    return INTERRUPTED;
  }
  terminal.line(`report: ${found.paths.report}`);
  if (instance.state === 'succeeded') return EXIT.ok;
  const { tool, why } = nextCall(plan, instance, '');
  terminal.line(`next: ${tool.replace(/^cc_/, '').replaceAll('_', '-')} (${why})`);
  return EXIT.checkFailed;
}

type Followed = { plan: Plan; instance: Instance; broken: string | undefined };

async function follow(
  host: Host,
  found: FoundWorkflow,
  terminal: Terminal,
  { all, signal }: Pick<Watching, 'all' | 'signal'>,
): Promise<Followed> {
  const { paths, record, workspace } = found;
  const { workflow_id, task, created: time } = record;
  const plan = await readPlan(paths.plan);
  let instance = newInstance(plan, { workflow_id, task, time });
  let cursor: string | undefined;
  let isFirst = true;
  const watcher = new DirectoryWatcher([paths.dir]);
  try {
    for (;;) {
      const page = readJournal(paths.journal, cursor);
      cursor = page.cursor;
      const lines: string[] = [];
      for (const { event } of page.lines) {
        if (event === undefined) continue;
        const turn = turnOf(plan, instance, event);
        instance = turn.after;
        lines.push(...turnTexts(turn, plain).map((text) => `${event.time.slice(11, 19)} ${text}`));
      }
      show(lines, terminal, isFirst && !all);
      isFirst = false;
      const now = await readWorkflowRecord(workspace, workflow_id);
      const isDone = isOver(instance.state) || now.broken !== undefined;
      if (isDone || signal.aborted) return { plan, instance, broken: now.broken };
      terminal.status(oneLine(instance.reason, terminal.columns - 1));
      await ensureWorkflowSupervised(host, { ...found, record: now, plan, instance, seq: 0 });
      await watcher.changed(TICK_MS, signal);
    }
  } finally {
    terminal.end();
    watcher.close();
  }
}

function show(lines: readonly string[], terminal: Terminal, isShort: boolean): void {
  const shown = isShort ? lines.slice(-LATEST) : lines;
  const left = lines.length - shown.length;
  if (left > 0) terminal.line(terminal.paint('dim', `(${left} earlier; --all shows them)`));
  for (const line of shown) terminal.line(line.replaceAll('**', ''));
}

/** In a terminal a quote is a quote; what could move the cursor is gone. */
const plain: Quote = (text, max = 300) => `"${oneLine(redact(text), max)}"`;
