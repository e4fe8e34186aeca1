import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generalHelp } from '../../src/cli/help.ts';
import { VERSION } from '../../src/core/version.ts';
import { LISTING } from '../../src/tools/listing.ts';
import { connect, dataOf, machine } from '../mcp/face.ts';
import { storeActiveRun, storeFinishedRun } from '../mcp/runs.ts';
import { BIN } from '../mcp/server-process.ts';
import { listensForSignals } from '../support/processes.ts';
import { command, commandUnread } from './command.ts';

const MISSING = 'run_20261121t110900123z_k3v7qa2m';

test.each([
  [['--version'], 0],
  [['--help'], 0],
  [['poll-run', '--help'], 0],
  [['list-profiles'], 0],
  [['run-agent', 'Look.', '--dry-run'], 0],
  [[], 2],
  [['no-such-command'], 2],
  [['cc_poll_run'], 2],
  [['__proto__'], 2],
  [['poll-run'], 2],
  [['poll-run', '--no-such-flag'], 2],
  [['run-status', '--limit', 'ten'], 2],
  [['run-status', '--limit', '0'], 2],
  [['run-agent', 'Look.', '--role', 'king', '--dry-run'], 2],
  [['demo', '--help'], 0],
  [['demo', '--no-such-flag'], 2],
  [['wait', '--help'], 0],
  [['wait', '--timeout', 'soon'], 2],
  [['wait', '--timeout', '0'], 2],
  [['wait', '--any', '--all'], 2],
  [['wait', '../../x'], 2],
  [['wait'], 3],
  [['wait', MISSING], 3],
  [['wait', '--cwd', '/no/such/directory'], 4],
  [['watch', '--help'], 0],
  [['watch'], 2],
  [['watch', MISSING, MISSING], 2],
  [['watch', '; touch x'], 2],
  [['watch', MISSING], 3],
  [['stop-run'], 2],
  [['stop-run', MISSING, '--all'], 2],
  [['stop-run', '--all'], 0],
  [['workflow-validate', '--text', 'nodes: { a: { role: review } }'], 0],
  [['workflow-validate'], 2],
  [['workflow-validate', '--file', 'no-such.yaml'], 3],
  [['recover-runs'], 0],
  [['poll-run', 'not-an-id'], 2],
  [['poll-run', MISSING], 3],
  [['stop-run', MISSING, '--json'], 3],
  [['pick-profile', '--profile', 'nothing'], 3],
  [['git-diff'], 4],
  [['run-status', '--cwd', '/no/such/directory'], 4],
])('%j exits with %i', (args, code) => {
  const result = command(args);
  expect(result.code, result.err).toBe(code);
  if (code !== 0 && args.length > 0) expect(result.err + result.out).toMatch(/->|"hint"/);
});

test.each([
  ['pol-run', 'Did you mean poll-run? '],
  ['cc_poll_run', 'Did you mean poll-run? '],
  ['docter', 'Did you mean doctor? '],
  ['entirely-something-else', ''],
])('an unknown command, %s, is told in two lines', (name, meant) => {
  const { err } = command([name]);
  expect(err).toContain(`There is no command "${name}".`);
  expect(err).toContain(`${meant}cc-orchestrator help lists all commands.`);
  expect(err.trimEnd().split('\n')).toHaveLength(2);
  expect(err.length).toBeLessThan(200);
  if (meant === '') expect(err).not.toContain('Did you mean');
});

test('no Claude Code is a problem of the environment', () => {
  const result = command(['run-agent', 'Look.'], { env: { CC_CLAUDE_PATH: '/no/claude' } });
  expect(result.code).toBe(4);
  expect(result.err).toContain('[WORKER_NOT_FOUND]');
  expect(result.err).toContain('npm install -g @anthropic-ai/claude-code');
});

test('a failed check exits 1 and is shown', () => {
  const result = command(['healthcheck'], { env: { CC_CLAUDE_PATH: '/no/claude' } });
  expect(result.code).toBe(1);
  expect(result.out).toContain('name: claude');
});

test.each(['workflow-validate', 'workflow-dry-run'])(
  '%s exits 1 for a wrong file, and shows why',
  (name) => {
    const result = command([name, '--text', 'nodes: { a: { role: reviw } }']);
    expect(result.code).toBe(1);
    expect(result.out).toContain('Did you mean review?');
  },
);

test('help and version', () => {
  expect(command(['--version']).out).toBe(`${VERSION}\n`);
  expect(command(['--help']).out).toBe(generalHelp(LISTING));
  expect(command([]).out).toBe(generalHelp(LISTING));
});

test('the first word of commands names these', () => {
  expect(command(['run']).err).toContain('run-agent or ');
});

test('--json is exactly the MCP result', async () => {
  const place = machine();
  await storeFinishedRun(place, {}, 'Fine: "é" \u{1f600}');
  const { call } = await connect({ host: place.host });
  for (const [args, tool, input] of [
    [['last-run'], 'cc_last_run', {}],
    [['run-status', '--include-finished'], 'cc_run_status', { include_finished: true }],
    [['folder-policy'], 'cc_folder_policy', {}],
  ] as const) {
    const result = command([...args, '--json'], { place });
    expect(result.code).toBe(0);
    expect(JSON.parse(result.out)).toEqual(dataOf(await call(tool, input)));
    expect(result.out.trimEnd()).not.toContain('\n');
  }
});

test('without --json it is for people', async () => {
  const place = machine();
  const { id } = await storeFinishedRun(place);
  const { out } = command(['last-run'], { place });
  expect(out).toContain(`run_id: ${id}\n`);
  expect(out).toContain('state: succeeded\n');
  expect(out).toContain('answer: All is well.\n');
});

test('a task from standard input', () => {
  const args = ['run-agent', '-', '--dry-run', '--json'];
  const [a, b] = ['One.\n', 'Two.\n'].map((stdin) => JSON.parse(command(args, { stdin }).out));
  expect(a.task_sha256).not.toBe(b.task_sha256);
  const given = JSON.parse(command(['run-agent', 'One.\n', '--dry-run', '--json']).out);
  expect(a.task_sha256).toBe(given.task_sha256);
  expect(command(args, { stdin: '' }).code).toBe(2);
});

test('a diff is printed as it is', () => {
  const place = machine();
  execFileSync('git', ['init', '-q'], { cwd: place.project, env: place.env });
  writeFileSync(join(place.project, 'new.txt'), 'a line\n');
  const { out, code } = command(['git-diff'], { place });
  expect(code).toBe(0);
  expect(out).toContain('+a line\n');
});

test('control characters of a run do not reach the terminal', async () => {
  const place = machine();
  await storeFinishedRun(place, { title: 'a\u001b[2Jb\u009b' }, '\u001b]0;title\u0007gone\u202e');
  const { out } = command(['last-run'], { place });
  expect(out).toContain('gone');
  expect(out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test('nothing is coloured that is not a terminal', () => {
  const env = { FORCE_COLOR: '1', TERM: 'xterm-256color' };
  const { err } = command(['poll-run', MISSING], { env });
  expect(err).toContain('error:');
  expect(err).not.toContain('\u001b');
});

test('on a terminal there are colours, unless NO_COLOR or a dumb terminal', () => {
  if (spawnSync('script', ['--version']).error) return console.log('skipped: no `script` here');
  const { project, env } = machine();
  const onTerminal = (more: Record<string, string>) =>
    spawnSync('script', ['-qec', `${process.execPath} ${BIN} poll-run ${MISSING}`, '/dev/null'], {
      cwd: project,
      env: { ...env, TERM: 'xterm-256color', ...more },
      encoding: 'utf8',
      input: '',
    }).stdout;
  expect(onTerminal({})).toContain('\u001b[31m');
  expect(onTerminal({ NO_COLOR: '1' })).not.toContain('\u001b[3');
  expect(onTerminal({ TERM: 'dumb' })).not.toContain('\u001b[3');
});

test.each([[['--help']], [['list-profiles']], [['healthcheck', '--json']]])(
  'a reader that goes away from %j is no error',
  async (args) => {
    expect(await commandUnread(args)).toEqual({ code: 0, out: '', err: '' });
  },
);

test('| head gets its lines', () => {
  const { project, env } = machine();
  const script = `"${process.execPath}" "${BIN}" --help | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const out = execFileSync('bash', ['-c', script], { cwd: project, env, encoding: 'utf8' });
  expect(out.split('\n')).toEqual([generalHelp(LISTING).split('\n')[0], '0', '']);
});

test('a long result is complete in a pipe', async () => {
  const place = machine();
  for (let count = 0; count < 100; count += 1) await storeFinishedRun(place);
  const { out } = command(['run-status', '--include-finished', '--limit', '100', '--json'], {
    place,
  });
  expect(JSON.parse(out)).toHaveProperty('truncated');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a wait on the command line ends with %s, the run goes on',
  async (signal) => {
    const place = machine();
    const { id } = await storeActiveRun(place);
    const child = spawn(process.execPath, [BIN, 'wait-runs', '--json'], {
      cwd: place.project,
      env: place.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    await listensForSignals(child.pid);
    child.kill(signal);
    expect(await closed).toBe(130);
    expect(out).toContain(id);
    const after = JSON.parse(command(['run-status', id, '--json'], { place }).out);
    expect(after.runs[0].state).toBe('running');
  },
);
