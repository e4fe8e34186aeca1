import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { isObject, parseJson } from '../core/json.ts';
import type { RunEvent } from '../runs/events.ts';
import {
  tellBill,
  tellChecks,
  tellEnd,
  tellPosture,
  tellProject,
  tellTask,
  tellTests,
} from './chapters.ts';
import { exampleDir } from './examples.ts';
import type { DemoFacts } from './facts.ts';
import { printRunLine, RunLines } from './run-lines.ts';
import type { Screen } from './screen.ts';

/** An earlier demo: what was found, and the events of its run. */
export type Recording = { recorded: string; facts: DemoFacts; events: RunEvent[] };

/** A pause in the recording is shown, but nobody waits longer than this for it. */
const LONGEST_PAUSE_MS = 1500;

/** Plays the recorded demo through the same view. Starts nothing, checks nothing, and says so. */
export async function replayDemo(
  screen: Screen,
  { inRealTime, signal }: { inRealTime: boolean; signal: AbortSignal },
): Promise<DemoFacts> {
  const { recorded, facts, events } = await readRecording(exampleDir('recorded-run'));
  const { run } = facts;
  screen.line(
    screen.paint(
      'warn',
      `RECORDING of ${recorded}: nothing is started and nothing is checked now.`,
    ),
  );
  screen.line('A real Claude Code worker repaired a bug; an embedded model told it what to do.');
  tellProject(screen, facts.project);
  tellTests(screen, facts.before);
  tellTask(screen);
  tellPosture(screen, undefined);
  const lines = new RunLines();
  let last: number | undefined;
  for (const event of events) {
    const at = Date.parse(event.time);
    if (inRealTime) await sleep(Math.min(at - (last ?? at), LONGEST_PAUSE_MS), signal);
    if (signal.aborted) throw new CcError('CANCELLED', 'The recording was interrupted.');
    last = at;
    const line = lines.lineOf(event);
    if (line !== undefined) printRunLine(screen, line);
  }
  tellEnd(screen, run);
  tellChecks(screen, facts);
  tellBill(screen, run, `${run.folder.slice(facts.project.length + 1)}/`);
  screen.line();
  screen.line(
    screen.paint(
      'warn',
      'END OF THE RECORDING. `cc-orchestrator demo` does it for real and checks it.',
    ),
  );
  return facts;
}

export async function readRecording(directory: string): Promise<Recording> {
  const demo = parseJson(await readFile(join(directory, 'demo.json'), 'utf8'));
  const lines = (await readFile(join(directory, 'events.ndjson'), 'utf8')).split('\n');
  const events = lines.map(parseJson).filter((event) => isObject(event) && 'seq' in event);
  return { ...(demo as Omit<Recording, 'events'>), events: events as RunEvent[] };
}
