import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WholeChange } from '../../../src/git/whole/compare.ts';
import { type CallLog, readCallLog } from '../../../src/runs/changes/call-log.ts';
import { explainer } from '../../../src/runs/changes/explain.ts';
import { judgeScope } from '../../../src/runs/changes/judge-scope.ts';
import type { RunRecord } from '../../../src/runs/record.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cc-explain-')));
});
afterEach(() => rmSync(root, { recursive: true }));

const now = Date.now();
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();

async function logOf(events: Record<string, unknown>[]) {
  const path = join(root, 'events.ndjson');
  const lines = [
    { schema_version: 1 },
    ...events.map((event, index) => ({ seq: index + 1, ...event })),
  ];
  writeFileSync(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  const log = await readCallLog(path);
  rmSync(path);
  return log;
}

const used = (id: string, tool: string, target: string, seconds: number, more = {}) => ({
  type: 'cc.tool.used',
  time: at(seconds),
  id,
  tool,
  target,
  ...more,
});
const finished = (id: string, seconds: number, more = {}) => ({
  type: 'cc.tool.finished',
  time: at(seconds),
  id,
  ok: true,
  ...more,
});

const change = (path: string, more: Partial<WholeChange> = {}): WholeChange => ({
  path,
  status: 'modified',
  added: 1,
  deleted: 0,
  binary: false,
  artifact: false,
  area: 'source',
  ...more,
});

const place = () => ({ cwd: root, root, since: now - 60_000 });

test('which calls count: those that went through, and those nobody knows the end of', async () => {
  const log = await logOf([
    used('1', 'Write', 'ok.txt', 0),
    finished('1', 1),
    used('2', 'Write', 'failed.txt', 1),
    finished('2', 2, { ok: false }),
    used('3', 'Edit', 'denied.txt', 2),
    { type: 'cc.hook.answered', time: at(2), tool: 'Edit', target: 'denied.txt', allow: false },
    finished('3', 2, { ok: false, denied: true }),
    used('4', 'Bash', 'false', 3),
    finished('4', 4, { ok: false }),
    used('5', 'Bash', 'rm -rf /', 4),
    finished('5', 4, { ok: false, denied: true }),
    used('6', 'Bash', 'server &', 5),
    finished('6', 5),
    used('7', 'Read', 'x', 6),
    finished('7', 6),
    { type: 'cc.worker.exited', time: at(9) },
    used('8', 'Write', 'cut.txt', 10),
  ]);
  expect(log.writes).toEqual(['ok.txt', 'cut.txt']);
  expect(log.commands).toEqual([
    { command: 'false', from: now + 3000, to: now + 4000 },
    { command: 'server &', from: now + 5000, to: now + 9000 },
  ]);
});

test('calls whose ends stand in one event do not run on', async () => {
  const log = await logOf([
    used('1', 'Bash', 'a', 0),
    used('2', 'Bash', 'b', 0),
    finished('1', 1, { more: ['2'] }),
  ]);
  expect(log.commands.map(({ to }) => to)).toEqual([now + 1000, now + 1000]);
});

test('a write through a link explains the file it leads to', async () => {
  mkdirSync(join(root, 'real'));
  symlinkSync('real', join(root, 'link'));
  writeFileSync(join(root, 'real/a.txt'), 'x');
  const explain = explainer(
    await logOf([used('1', 'Write', 'link/a.txt', -50), finished('1', -49)]),
    place(),
  );
  expect(explain(change('real/a.txt')).by).toBe('tool');
});

test('a command explains what changed while it ran, and nothing else', async () => {
  writeFileSync(join(root, 'a.txt'), 'x');
  const during = await logOf([used('1', 'Bash', 'make', -10), finished('1', 10)]);
  const before = await logOf([used('1', 'Bash', 'make', -20), finished('1', -10)]);
  expect(explainer(during, place())(change('a.txt'))).toMatchObject({
    by: 'shell',
    command: 'make',
  });
  expect(explainer(before, place())(change('a.txt')).by).toBe('unattributed');
  // What is gone is told by its directory, which changed just now.
  const gone = change('gone.txt', { status: 'deleted' });
  expect(explainer(during, place())(gone).by).toBe('shell');
  expect(explainer(before, place())(gone).by).toBe('unattributed');
});

test('a set-back time does not move a change into a command', async () => {
  const { utimesSync } = await import('node:fs');
  writeFileSync(join(root, 'a.txt'), 'x');
  utimesSync(join(root, 'a.txt'), (now - 15_000) / 1000, (now - 15_000) / 1000);
  const log = await logOf([used('1', 'Bash', 'make', -20), finished('1', -10)]);
  expect(explainer(log, place())(change('a.txt')).by).toBe('unattributed');
});

const recordWith = (fields: Partial<RunRecord>): RunRecord =>
  ({
    cwd: root,
    workspace: root,
    scope: { paths: ['src/**'], commands: [] },
    ...fields,
  }) as RunRecord;

const NOTHING: CallLog = { writes: [], commands: [], allowed: [], narrowed: [] };

const scopeOf = (
  file: WholeChange,
  {
    record = recordWith({}),
    log = NOTHING,
    command = undefined as string | undefined,
    time = now,
  } = {},
) => {
  const explanation = { by: 'shell' as const, changed: time, ...(command ? { command } : {}) };
  return judgeScope(file, explanation, { record, log, root });
};

test.each([
  ['src/a.ts', {}, { scope: 'in' }],
  ['lib/a.ts', {}, { scope: 'out' }],
  ['src/new.ts', { old_path: 'lib/old.ts' }, { scope: 'out' }],
  ['src/.claude/settings.json', {}, { scope: 'protected' }],
  ['.mcp.json', {}, { scope: 'protected' }],
  ['.agent-workspace/x', { area: 'artifact' }, { scope: 'protected' }],
  ['.git/hooks/pre-commit', { area: 'git' }, { scope: 'protected' }],
  ['.git/refs/heads/main', { area: 'git' }, { scope: 'out' }],
  ['.git/refs/remotes/origin/main', { area: 'git' }, { scope: 'in', generated: true }],
  ['.env', { area: 'ignored' }, { scope: 'out' }],
  ['node_modules/a/index.js', { area: 'ignored' }, { scope: 'out' }],
  ['node_modules/.vite/x.json', { area: 'ignored' }, { scope: 'in', generated: true }],
  ['pkg/__pycache__/m.pyc', { area: 'ignored' }, { scope: 'in', generated: true }],
  ['coverage/x.json', { area: 'source' }, { scope: 'out' }],
  ['../elsewhere', {}, { scope: 'out' }],
] as const)('the scope of %s', (path, more, expected) => {
  expect(scopeOf(change(path, more))).toEqual(expected);
});

test('commits are what an allowed git command is for; what git runs never is', () => {
  const git = { command: 'git commit -m x' };
  expect(scopeOf(change('.git/refs/heads/main', { area: 'git' }), git)).toEqual({ scope: 'in' });
  expect(scopeOf(change('.git/config', { area: 'git' }), git)).toEqual({ scope: 'protected' });
});

test('protected globs of the policy, and what the controller took away', async () => {
  const record = recordWith({ protected_paths: ['src/secret/**'] });
  expect(scopeOf(change('src/secret/a'), { record })).toEqual({ scope: 'protected' });
  const log = await logOf([{ type: 'cc.scope.narrowed', time: at(0), paths: ['src/a/**'] }]);
  expect(scopeOf(change('src/b/x'), { log, time: now - 5000 })).toEqual({ scope: 'in' });
  expect(scopeOf(change('src/b/x'), { log, time: now + 5000 })).toEqual({ scope: 'out' });
  const earlier = recordWith({ narrowed: [{ paths: ['src/a/**'] }] });
  expect(scopeOf(change('src/b/x'), { record: earlier })).toEqual({ scope: 'out' });
});

test('a write outside that the controller allowed is in scope, just that one', async () => {
  const log = await logOf([
    {
      type: 'cc.hook.answered',
      time: at(0),
      tool: 'Write',
      target: join(root, 'docs/a'),
      allow: true,
      by: 'x',
    },
    {
      type: 'cc.hook.answered',
      time: at(0),
      tool: 'Write',
      target: join(root, 'docs/b'),
      allow: true,
    },
  ]);
  expect(scopeOf(change('docs/a'), { log })).toEqual({ scope: 'in', allowed: true });
  expect(scopeOf(change('docs/b'), { log })).toEqual({ scope: 'out' });
});
