import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { findSandbox } from '../../src/proc/sandbox.ts';
import { planRun } from '../../src/runs/plan.ts';
import { Lab } from '../support/lab.ts';

const sandbox = await findSandbox('auto', process.env);
const hasSandbox = sandbox.kind !== 'none';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const write = (path: string, content: string) => ({
  tools: [{ name: 'Write', input: { file_path: path, content } }],
});

test('a worker stops at its number of files and of lines', async () => {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 's',
    steps: [
      write(lab.path('a.txt'), '1\n2\n'),
      write(lab.path('b.txt'), '1\n'),
      write(lab.path('c.txt'), '1\n'),
      write(lab.path('a.txt'), '1\n2\n3\n4\n5\n6\n'),
      write(lab.path('a.txt'), '1\n2\n3\n'),
      { text: 'done' },
    ],
  });
  const run = await lab.ended(
    await lab.launch({
      task: 'Write.',
      allowWrite: true,
      scope: { paths: ['**'], max_files: 2, max_lines: 5 },
    }),
  );
  expect([lab.read('a.txt'), lab.read('b.txt'), lab.read('c.txt')]).toEqual([
    '1\n2\n3\n',
    '1\n',
    undefined,
  ]);
  expect(run.record.outcome).toMatchObject({ state: 'succeeded', denials: 2 });
  const told = JSON.stringify(lab.model.requestsFor('s').at(-1)?.body);
  expect(told).toContain('at most 2 files');
  expect(told).toContain('at most 5 lines');
});

test('single files and directories that do not exist yet can be scopes', async () => {
  lab = await Lab.open([]);
  lab.write('one.txt', 'before\n');
  lab.write('other/kept', 'kept\n');
  lab.commit();
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'Read', input: { file_path: lab.path('one.txt') } }] },
      {
        tools: [
          {
            name: 'Edit',
            input: { file_path: lab.path('one.txt'), old_string: 'before', new_string: 'after' },
          },
        ],
      },
      write(lab.path('new/deep/file.txt'), 'n\n'),
      write(lab.path('other/single.txt'), 's\n'),
      write(lab.path('other/second.txt'), 's\n'),
      {
        tools: [
          {
            name: 'Bash',
            input: { command: 'echo x >> README.md; echo x > other/kept', description: 'more' },
          },
        ],
      },
      { text: 'done' },
    ],
  });
  const paths = ['one.txt', 'new/deep/**', 'never/used/**', 'other/single.txt'];
  const run = await lab.ended(
    await lab.launch({
      task: 'Write.',
      allowWrite: true,
      scope: { paths, commands: hasSandbox ? ['*'] : [] },
    }),
  );
  expect(run.record.outcome).toMatchObject({ state: 'succeeded', changed_files: 3 });
  expect(run.record.outcome?.denials).toBe(hasSandbox ? 1 : 2);
  expect(lab.read('one.txt')).toBe('after\n');
  expect(lab.read('new/deep/file.txt')).toBe('n\n');
  expect(lab.read('other/single.txt')).toBe('s\n');
  expect(existsSync(lab.path('never'))).toBe(false);
});

test.skipIf(!hasSandbox)(
  'a sandboxed worker can do ordinary work in a project without git',
  async () => {
    lab = await Lab.open([], { git: false });
    const commands = [
      "mktemp && mkdir -p src && node -e \"fs.writeFileSync('src/a.js', '1')\" && cat src/a.js",
      'echo $XDG_CACHE_HOME && mkdir -p "$XDG_CACHE_HOME/x" && touch "$XDG_CACHE_HOME/x/y" && echo cached',
      'git init -q . ; ls -A',
    ];
    lab.model.addScript({
      name: 's',
      steps: [
        ...commands.map((command) => ({
          tools: [{ name: 'Bash', input: { command, description: 'work' } }],
        })),
        { text: 'done' },
      ],
    });
    const run = await lab.ended(
      await lab.launch({
        task: 'Work.',
        allowWrite: true,
        scope: { paths: ['**'], commands: ['*'] },
      }),
    );
    expect(run.record.outcome).toMatchObject({ state: 'succeeded', denials: 0 });
    const told = JSON.stringify(lab.model.requestsFor('s').at(-1)?.body);
    expect(told).toContain('cached');
    expect(lab.read('src/a.js')).toBe('1');
    // What nobody may create was there for the time of the run only.
    for (const name of ['.git', '.claude', '.mcp.json']) {
      expect(existsSync(lab.path(name)), name).toBe(false);
    }
  },
);

test.skipIf(!hasSandbox)(
  'a worker whose sandbox process is killed goes on and is heard',
  async () => {
    lab = await Lab.open([
      { name: 's', steps: [{ text: 'still here', hold: { at: 'before_headers', name: 'h' } }] },
    ]);
    const run = await lab.launch({ task: 'Wait.' });
    await lab.model.waitForHold('h');
    const bwrap = lab
      .processes(run.record.run_id)
      .filter(({ pid }) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'bwrap');
    expect(bwrap).toHaveLength(1);
    for (const { pid } of bwrap) process.kill(pid, 'SIGKILL');
    lab.model.release('h');
    const { outcome } = (await lab.ended(run)).record;
    expect(outcome).toMatchObject({ state: 'succeeded', left_processes: [] });
  },
);

test('what holds a worker is known before it starts, and a policy can insist on it', async () => {
  lab = await Lab.open([]);
  const request = { task: 'x', allowWrite: true, scope: { paths: ['src/**'], commands: ['make'] } };
  const plan = () => planRun(lab.host(), lab.place(), request, { preview: true });
  expect((await plan()).record.posture).toMatchObject({
    sandbox: sandbox.kind,
    shell: 'listed',
  });
  lab.writePolicy('sandbox: off\n');
  const { posture } = (await plan()).record;
  expect(posture).toMatchObject({ sandbox: 'none', why_none: expect.stringContaining('off') });
  lab.writePolicy('sandbox: require\n');
  lab.env.PATH = lab.dir;
  await expect(plan()).rejects.toThrow('requires a sandbox');
});
