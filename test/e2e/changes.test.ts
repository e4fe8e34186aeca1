import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { ChangedFiles } from '../../src/runs/artifacts/changed-files.ts';
import { checkScope } from '../../src/runs/changes/check-scope.ts';
import { changedSinceEnd, changesOfRun } from '../../src/runs/changes/read.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { answerQuestion } from '../../src/runs/questions.ts';
import { connect, dataOf, textOf } from '../mcp/face.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const write = (file: string, content = 'x\n') => ({
  name: 'Write',
  input: { file_path: lab.path(file), content },
});
const bash = (command: string) => ({ name: 'Bash', input: { command, description: 'd' } });

/** `by scope area status path`, one line per file. */
function lines({ files }: ChangedFiles): string[] {
  return files.map(({ by, scope, area, status, path }) =>
    [by, scope, area, status, path].join(' '),
  );
}

function recorded(run: FoundRun): ChangedFiles {
  return JSON.parse(readFileSync(run.paths.changedFiles, 'utf8')) as ChangedFiles;
}

/** A script of the project that the worker may run, and what it does. */
function script(name: string, text: string): void {
  lab.write(name, `#!/bin/sh\n${text}\n`);
  chmodSync(lab.path(name), 0o755);
}

test('who changed a file: a tool, a command, or somebody else; and whether it was allowed', async () => {
  lab = await Lab.open([]);
  lab.writePolicy('sandbox: off\n'); // which would keep the command from all of this
  lab.write('.gitignore', '*.log\n.env\n__pycache__/\n');
  lab.write('mine.txt', 'of the user\n');
  lab.write('docs/a.md', 'a\n');
  script(
    'work.sh',
    'echo shell >> src/made.txt; echo x > docs/a.md; echo k > .env; mkdir -p __pycache__; echo > __pycache__/m.pyc; git -c user.name=w -c user.email=w@example.invalid commit -qam "by the worker"; echo "[x]" >> .git/config',
  );
  lab.commit();
  lab.write('mine.txt', 'dirty before it began\n');
  lab.write('dirty.txt', 'untracked before it began\n');
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [write('src/new.txt')] },
      { tools: [bash('./work.sh')] },
      { text: 'Done.', hold: { at: 'before_headers', name: 'pause' } },
    ],
  });
  const run = await lab.launch({
    task: 'Work.',
    allowWrite: true,
    scope: { paths: ['src/**'], commands: ['./work.sh'] },
  });
  await lab.event(run, 'cc.tool.finished', 2);
  await new Promise((resolve) => setTimeout(resolve, 400));
  lab.write('mine.txt', 'the user goes on\n');
  const live = await changesOfRun(lab.host(), await lab.find(run.record.run_id));
  expect(live.changes?.files.map(({ path }) => path)).toContain('src/new.txt');
  lab.model.release('pause');
  const ended = await lab.ended(run);
  const changes = recorded(ended);
  expect(lines(changes)).toEqual([
    'shell out ignored added .env',
    'shell protected git modified .git/config',
    'shell out git modified .git/refs/heads/master',
    'shell in ignored added __pycache__/m.pyc',
    'shell out source modified docs/a.md',
    'unattributed out source modified mine.txt',
    'shell in source added src/made.txt',
    'tool in source added src/new.txt',
  ]);
  expect(changes).toMatchObject({ complete: true, source: 'snapshot' });
  expect(changes.head?.commits).toMatchObject([{ subject: 'by the worker' }]);
  const { outcome } = ended.record;
  expect(outcome).toMatchObject({ changed_files: 4, unattributed: ['mine.txt'] });
  expect(outcome?.outside_scope).toEqual([
    '.env',
    '.git/config',
    '.git/refs/heads/master',
    'docs/a.md',
  ]);
  expect(checkScope(changes, false).status).toBe('fail');
  await toldByTheTools(ended);
  expect(await changedSinceEnd(lab.host(), ended)).toEqual([]);
  lab.write('later.txt', 'after its end\n');
  expect(await changedSinceEnd(lab.host(), ended)).toEqual(['later.txt']);
  expect(lines((await changesOfRun(lab.host(), ended)).changes ?? changes)).toEqual(lines(changes));
});

/** The same through the faces: MCP, and the exit code of the command. */
async function toldByTheTools({ record: { run_id } }: FoundRun): Promise<void> {
  const { call } = await connect({ host: lab.host() });
  const check = dataOf(await call('cc_check_write_scope', { run_id }));
  expect(check).toMatchObject({ status: 'fail', unattributed: ['mine.txt'] });
  expect(JSON.stringify(check.violations)).toContain('.git/config');
  const summary = dataOf(await call('cc_diff_summary', { run_id }));
  expect(summary).toMatchObject({
    areas: { source: { files: 4 }, ignored: { files: 2 }, git: { files: 2 } },
    out_of_scope: { count: 4 },
    unattributed: { count: 1, paths: ['mine.txt'] },
    commits: [expect.stringContaining('by the worker')],
    complete: true,
  });
  expect(summary).not.toHaveProperty('changed_since');
  const diff = textOf(await call('cc_git_diff', { run_id, paths: ['./src/'] }));
  expect(diff).toContain('+shell');
  expect(diff).not.toContain('mine.txt');
  const cli = await runProgram(process.execPath, [BIN, 'check-write-scope', '--run-id', run_id], {
    cwd: lab.project,
    env: lab.env,
  });
  expect(cli).toMatchObject({ exitCode: 1 });
}

test('a project without git is compared as well', async () => {
  lab = await Lab.open([], { git: false });
  lab.writePolicy('sandbox: off\n');
  lab.write('docs/a.md', 'a\n');
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [write('src/in.txt')] },
      { tools: [bash('cp README.md docs/b.md')] },
      { text: 'Done.' },
    ],
  });
  const run = await lab.ended(
    await lab.launch({
      task: 'Work.',
      allowWrite: true,
      scope: { paths: ['src/**'], commands: ['cp *'] },
    }),
  );
  expect(lines(recorded(run))).toEqual([
    'shell out source added docs/b.md',
    'tool in source added src/in.txt',
  ]);
  expect(run.record.outcome).toMatchObject({ changed_files: 2, outside_scope: ['docs/b.md'] });
  expect(readFileSync(run.paths.diff, 'utf8')).toContain('+A scratch project.');
});

test('a write the controller allowed is in scope, and says so', async () => {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 's',
    steps: [{ tools: [write('docs/asked.md')] }, { text: 'Done.' }],
  });
  const run = await lab.launch({
    task: 'Work.',
    allowWrite: true,
    ask: true,
    scope: { paths: ['src/**'] },
  });
  await lab.event(run, 'cc.question.asked');
  const signal = new AbortController().signal;
  const asked = await lab.find(run.record.run_id);
  await answerQuestion(lab.host(), asked, 1, { allow: true }, { from: 'test', signal });
  const ended = await lab.ended(run);
  expect(recorded(ended).files).toMatchObject([
    { path: 'docs/asked.md', scope: 'in', allowed: true, by: 'tool' },
  ]);
  expect(ended.record.outcome?.outside_scope).toBeUndefined();
});

test('a read-only run during which somebody edits: told, not blamed', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'Seen.', hold: { at: 'before_headers', name: 'pause' } }] },
  ]);
  const quiet = await lab.launch({ task: 'Look.' });
  await lab.until(async () => lab.model.requestsFor('s')[0], 'the model to be asked');
  writeFileSync(lab.path('README.md'), 'edited meanwhile\n');
  lab.model.release('pause');
  const run = await lab.ended(quiet);
  expect(run.record.outcome).toMatchObject({ changed_files: null, unattributed: ['README.md'] });
  expect(run.record.outcome?.outside_scope).toBeUndefined();
  expect(lines(recorded(run))).toEqual(['unattributed out source modified README.md']);
  expect(existsSync(run.paths.diff)).toBe(true);
});
