import { neutralise, truncate } from '../core/text.ts';
import type { RunRecord } from '../runs/record.ts';
import type { DemoCheck } from './checks.ts';
import type { DemoFacts, RunFacts } from './facts.ts';
import type { TestRun } from './sample.ts';
import type { Screen, Tone } from './screen.ts';
import { DEMO_SCOPE, DEMO_TASK } from './story.ts';

// What the demo says around the run itself, mostly the same for a live one and for a recording.

const LABEL_WIDTH = 13;
const DIFF_LINES = 12;

export function tellOpening(screen: Screen): void {
  screen.line('A real Claude Code worker repairs a bug; an embedded model tells it what to do.');
  const place = 'Everything happens in a temporary directory.';
  screen.line(screen.paint('dim', `No account, no network, no cost. ${place}`));
}

export function tellProject(screen: Screen, project: string): void {
  heading(screen, 1, 'A project with a failing test');
  fact(screen, 'copied to', project);
}

export function tellTests(screen: Screen, tests: TestRun): void {
  const tone: Tone = tests.exit_code === 0 ? 'good' : 'bad';
  const counts = `${tests.passed} passed, ${tests.failed} failed`;
  fact(screen, '$ node --test', screen.paint(tone, `exit code ${tests.exit_code} (${counts})`));
  for (const name of tests.failing) {
    const difference = tests.difference === undefined ? '' : `: ${tests.difference}`;
    screen.line(`   ${screen.paint('bad', `✖ ${neutralise(name)}${difference}`)}`);
  }
}

export function tellTask(screen: Screen): void {
  heading(screen, 2, 'Delegated to a worker');
  fact(screen, 'task', DEMO_TASK);
  const commands = DEMO_SCOPE.commands.map((command) => `\`${command}\``).join(', ');
  fact(screen, 'may', `change ${DEMO_SCOPE.paths.join(', ')} and run ${commands}, nothing else`);
}

/** What holds the worker, as it was decided before it started; older recordings do not tell. */
export function tellPosture(screen: Screen, posture: RunRecord['posture']): void {
  if (posture !== undefined) {
    const held =
      posture.sandbox === 'none'
        ? `its hook alone; no sandbox: ${posture.why_none ?? 'unknown'}`
        : `its hook and ${posture.sandbox}; the network stays open`;
    fact(screen, 'held by', held);
  }
  screen.line();
}

export function tellEnd(screen: Screen, run: RunFacts): void {
  const tone: Tone = run.state === 'succeeded' ? 'good' : 'bad';
  const text = screen.paint(tone, run.state);
  screen.line(`${`${run.seconds.toFixed(1)} s`.padStart(8)}  ${'ended'.padEnd(8)} ${text}`);
  if (run.failure !== undefined) screen.line(screen.paint('bad', `          ${run.failure}`));
}

export function tellChecks(screen: Screen, { after, changed, patch, verdict }: DemoFacts): void {
  heading(screen, 3, 'Checked, whatever the worker says');
  if (verdict !== undefined) {
    const tone: Tone = verdict.verdict === 'accept' ? 'good' : 'warn';
    fact(screen, 'verify-run', screen.paint(tone, `${verdict.verdict}, risk ${verdict.risk}`));
    for (const reason of verdict.reasons) screen.line(`     ${screen.paint('warn', reason)}`);
  }
  tellTests(screen, after);
  const files = changed.map(({ path, added, deleted }) => `${path} +${added} -${deleted}`);
  fact(screen, '$ git diff', files.length === 0 ? 'nothing changed' : files.join(', '));
  tellPatch(screen, patch);
}

export function tellBill(screen: Screen, run: RunFacts, recorded: string): void {
  const { input, output, cache_read, cache_write } = run.tokens;
  const tokens = `${grouped(input + cache_write)} tokens in, ${grouped(cache_read)} cached, ${grouped(output)} out`;
  const usd = run.usd === null ? 'unknown' : `$${run.usd.toFixed(4)}`;
  fact(screen, 'cost', `${usd} at made-up prices: ${tokens}`);
  fact(
    screen,
    'worker',
    `the real Claude Code ${run.worker_version}, driven by the embedded model`,
  );
  fact(screen, 'recorded in', recorded);
}

/** `kept` is the directory that was left, where one was. */
export function tellVerdict(
  screen: Screen,
  checks: readonly DemoCheck[],
  kept: string | undefined,
): void {
  const bad = checks.filter((check) => !check.ok);
  screen.line();
  for (const { name, detail } of bad) {
    screen.line(screen.paint('bad', `NOT OK  ${name}: ${detail}`));
  }
  if (bad.length === 0) {
    const claim =
      'The test failed, the worker repaired the code and nothing else, the test passes.';
    screen.line(screen.paint('good', `OK  ${claim}`));
  }
  screen.line(
    kept === undefined
      ? 'Everything was removed again; --keep leaves it for you to look at.'
      : `Kept: ${kept}  (remove it whenever you like)`,
  );
}

function tellPatch(screen: Screen, patch: string): void {
  const lines = patch.split('\n').filter((line) => /^(?:[-+](?![-+]{2} )| )/.test(line));
  for (const line of lines.slice(0, DIFF_LINES)) {
    const tone: Tone = line.startsWith('+') ? 'good' : line.startsWith('-') ? 'bad' : 'dim';
    screen.line(`     ${screen.paint(tone, truncate(neutralise(line), screen.columns - 6))}`);
  }
  if (lines.length > DIFF_LINES) screen.line(`     … ${lines.length - DIFF_LINES} more lines`);
}

function heading(screen: Screen, number: number, text: string): void {
  screen.line();
  screen.line(screen.paint('bold', `${number}  ${text}`));
}

function fact(screen: Screen, label: string, text: string): void {
  screen.line(`   ${screen.paint('dim', label.padEnd(LABEL_WIDTH))}  ${text}`);
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
