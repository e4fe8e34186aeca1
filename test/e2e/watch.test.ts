import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import { isAlive } from '../../src/proc/identity.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab } from '../support/lab.ts';
import { listensForSignals } from '../support/processes.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Says something nasty, uses a tool, waits to be let go, and answers. */
const SHOW: Script = {
  name: 'show',
  steps: [
    { text: 'First.\u001b[2J\u001b]0;owned\u0007\nSecond line.', tools: [glob('**/*.md')] },
    { text: 'All done.', hold: { at: 'before_headers', name: 'go' } },
  ],
};

function glob(pattern: string) {
  return { name: 'Glob', input: { pattern } };
}

/** The built command, running. */
class Command {
  out = '';
  err = '';
  readonly ended: Promise<number | null>;
  readonly #child: ReturnType<typeof spawn>;

  constructor(...args: string[]) {
    const env = { ...lab.env, FORCE_COLOR: '1' };
    this.#child = spawn(process.execPath, [BIN, ...args], { cwd: lab.project, env });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  async interrupt(): Promise<void> {
    await listensForSignals(this.#child.pid);
    this.#child.kill('SIGINT');
  }

  async shows(text: string): Promise<void> {
    await lab.until(async () => (this.out.includes(text) ? true : undefined), text);
  }
}

test('watch shows a worker live, across supervisors, and ends with it', async () => {
  lab = await Lab.open([SHOW]);
  const run = await lab.launch({ task: 'Show it.' });
  await lab.model.waitForHold('go');
  const watching = new Command('watch', run.record.run_id);
  await watching.shows('Second line.');
  await watching.shows('Glob **/*.md');
  const supervisor = lab.supervisor(run);
  process.kill(supervisor.pid, 'SIGKILL');
  await lab.until(async () => (isAlive(supervisor) ? undefined : true), 'the supervisor to die');
  await watching.shows('a new supervisor took over');
  lab.model.release('go');
  expect(await watching.ended).toBe(0);
  const { out } = watching;
  expect(out).toMatch(/says: First\.\n +Second line\.\n/);
  expect(out.match(/says: All done\./g)).toHaveLength(1);
  expect(out).toMatch(/\nsucceeded {2}\d+ s {2}\$0\.\d{4} {2}200 tokens in/);
  // Neither colours nor anything the worker wanted to do to the terminal.
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test('Ctrl-C leaves a worker alone, and a run that is over is shown from its beginning', async () => {
  lab = await Lab.open([SHOW]);
  const run = await lab.launch({ task: 'Show it.' });
  const { run_id } = run.record;
  await lab.model.waitForHold('go');
  const watching = new Command('watch', run_id);
  const waiting = new Command('wait');
  await watching.shows('Second line.');
  await watching.interrupt();
  await waiting.interrupt();
  expect(await watching.ended).toBe(130);
  expect(watching.out).toContain(`the run goes on: ${run_id}`);
  expect(await waiting.ended).toBe(130);
  expect(waiting.err).toContain('1 run goes on');
  lab.model.release('go');
  await lab.ended(run);
  const whole = new Command('watch', run_id, '--all');
  expect(await whole.ended).toBe(0);
  expect(whole.out.indexOf('says: First.')).toBeLessThan(whole.out.indexOf('says: All done.'));
});

test('wait prints a line per ended run and exits as they ended', async () => {
  lab = await Lab.open([
    { name: 'good', match: 'GOOD', steps: [{ text: 'ok' }] },
    {
      name: 'slow',
      match: 'SLOW',
      steps: [{ text: 'ok', hold: { at: 'before_headers', name: 'go' } }],
    },
  ]);
  const good = await lab.launch({ task: 'GOOD' });
  const slow = await lab.launch({ task: 'SLOW' });
  await lab.ended(good);
  // It ended before anybody waited, and is told all the same.
  const any = new Command('wait', '--any');
  expect(await any.ended).toBe(0);
  expect(any.out).toMatch(
    new RegExp(`^succeeded +${good.record.run_id} {2}\\$0\\.\\d+ {2}GOOD\\n$`),
  );
  const timeout = new Command('wait', '--timeout', '1');
  expect(await timeout.ended).toBe(124);
  expect(timeout.out).toBe('');
  const all = new Command('wait', slow.record.run_id, good.record.run_id, '--json');
  await all.shows(good.record.run_id);
  const stopped = new Command('stop-run', '--all', '--json');
  expect(await stopped.ended).toBe(0);
  expect(JSON.parse(stopped.out)).toEqual({
    stopped: true,
    runs: [{ run_id: slow.record.run_id, state: 'cancelled', stopped: true }],
  });
  expect(await all.ended).toBe(1);
  const lines = all.out.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).state)).toEqual(['succeeded', 'cancelled']);
  // What was printed is told; nothing is left to wait for.
  const again = new Command('wait');
  await again.ended;
  const nothing = new Command('wait');
  expect(await nothing.ended).toBe(3);
});

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

test.skipIf(!hasTmux)('a visible agent opens a window in tmux', async () => {
  lab = await Lab.open([SHOW]);
  const socket = join(lab.dir, 'tmux');
  mkdirSync(socket);
  const tmux = (...args: string[]) =>
    execFileSync('tmux', args, { env: { ...lab.env, TMUX_TMPDIR: socket }, encoding: 'utf8' });
  tmux('new-session', '-d', '-x', '120', '-y', '40', 'sleep 600');
  try {
    lab.env.TMUX = tmux('display-message', '-p', '#{socket_path},#{pid},0').trim();
    const server = await LabServer.start(lab);
    const nasty = 'Show it; $(touch x) `touch y` \'"';
    const run = await server.call('cc_run_visible_agent', { task: nasty });
    lab.runs.push(String(run.run_id));
    expect(run).toMatchObject({ window: 'tmux' });
    expect(run.watch_command).toContain(`watch ${run.run_id}`);
    const pane = async (text: string) =>
      lab.until(async () => {
        const shown = tmux('capture-pane', '-p', '-t', ':1');
        return shown.includes(text) ? shown : undefined;
      }, text);
    await pane('Second line.');
    lab.model.release('go');
    await pane('Enter closes this window.');
    expect(tmux('list-windows', '-F', '#W')).toContain(`cc-${String(run.run_id).slice(-8)}`);
    tmux('send-keys', '-t', ':1', 'Enter');
    await lab.until(
      async () => (tmux('list-windows').trim().split('\n').length === 1 ? true : undefined),
      'the window to close',
    );
    expect(lab.read('x') ?? lab.read('y')).toBeUndefined();
    await server.close();
  } finally {
    tmux('kill-server');
  }
});

test('without a window to open, a visible agent says how to watch it', async () => {
  lab = await Lab.open([SHOW]);
  lab.model.release('go');
  const { stdout } = await runProgram(
    process.execPath,
    [BIN, 'run-visible-agent', 'Show it.', '--json'],
    { cwd: lab.project, env: lab.env },
  );
  const run = JSON.parse(stdout);
  lab.runs.push(run.run_id);
  expect(run).not.toHaveProperty('window');
  expect(run.not_opened_because).toContain('tmux');
  const shown = await runProgram('/bin/sh', ['-c', run.watch_command], { cwd: '/', env: lab.env });
  expect(shown.stdout).toContain('says: All done.');
});
