import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { digestOf } from '../../../src/core/ids.ts';
import { topLease } from '../../../src/store/lease.ts';
import { CommandCarriers } from '../../../src/workflows/commands/carriers.ts';
import { commandPaths } from '../../../src/workflows/commands/job.ts';
import type { Effect } from '../../../src/workflows/core/effects.ts';
import type { WorkflowEvent } from '../../../src/workflows/core/events.ts';
import { REPOSITORY } from '../../support/lab.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import { scratch } from '../../support/scratch.ts';
import { World } from '../world.ts';

type RunCommand = Extract<Effect, { type: 'run_command' }>;
type Ended = Extract<WorkflowEvent, { type: 'command_ended' }>;

/** A command that does not end and is nobody else's. */
const NAP = `sleep 300.${process.pid}`;

let root: string;
let open: CommandCarriers[];

beforeEach(() => {
  root = scratch();
  mkdirSync(join(root, 'project'));
  open = [];
});
afterEach(async () => {
  for (const effector of open) await effector.close();
});

async function begin(nodes: string) {
  const text = `schema_version: 1\nid: flow\nnodes:\n${nodes}`;
  const world = await World.of(text);
  const effects = world.effects.filter((one): one is RunCommand => one.type === 'run_command');
  return { world, effects };
}

type Begun = Awaited<ReturnType<typeof begin>>;

function effectorOf({ world }: Begun) {
  const events: (Ended | { type: string; text?: string })[] = [];
  const project = join(root, 'project');
  const effector = new CommandCarriers({
    entry: { file: process.execPath, args: [join(REPOSITORY, 'dist/command.js')] },
    env: {
      PATH: process.env.PATH ?? '',
      HOME: join(root, 'home'),
      CC_PROFILE_CHEAP_BASE_URL: 'http://127.0.0.1:9',
      CC_PROFILE_CHEAP_AUTH_TOKEN: 'tok-0123456789abcdef',
      LEAK: 'nothing of this',
    },
    plan: world.plan,
    instance: () => world.instance,
    workspace: project,
    cwd: project,
    dir: join(root, 'private'),
    outputDir: join(root, 'out'),
    report: (event) => events.push(event as Ended),
  });
  open.push(effector);
  const end = async () => {
    for (const until = Date.now() + PATIENCE_MS; events.length === 0 && Date.now() < until; ) {
      await sleep(10);
    }
    return events;
  };
  return { effector, end, events };
}

const pathsOf = (key: string) => commandPaths(join(root, 'private', digestOf(key)));

async function when(isTrue: () => boolean) {
  for (const until = Date.now() + PATIENCE_MS; !isTrue() && Date.now() < until; ) await sleep(10);
  expect(isTrue()).toBe(true);
}

function theOnly<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

test('tells exit code, counts of tests and last words, and stores what was said redacted', async () => {
  const begun = await begin(
    `  t:\n    type: command\n    command: "echo '# pass 3'; echo '# fail 1'; echo tok-0123456789abcdef; echo $LEAK$CI; exit 3"\n`,
  );
  const { effector, end } = effectorOf(begun);
  const effect = theOnly(begun.effects);
  effector.run(effect);
  effector.run(effect);
  const ended = theOnly(await end()) as Ended;
  expect(ended).toMatchObject({ type: 'command_ended', key: effect.key, exit_code: 3 });
  expect(ended.output_tail).toContain('# fail 1');
  const stored = readFileSync(join(root, 'out', digestOf(effect.key), 'stdout.txt'), 'utf8');
  for (const text of [stored, ended.output_tail ?? '']) {
    expect(text).not.toContain('tok-0123456789abcdef');
    expect(text).not.toContain('nothing of this');
    expect(text).toContain('true');
  }
});

test('a list is run as it is, where it is told, with its entry in a variable', async () => {
  mkdirSync(join(root, 'project', 'sub'));
  const begun = await begin(
    `  t:\n    type: command\n    directory: sub\n    command: [node, -e, 'console.log(process.cwd(), process.argv[1], process.env.CC_WORKFLOW_ITEM, process.env.os)', "$(id); 'x'"]\n    matrix: { os: ["; rm -rf /"] }\n`,
  );
  const { effector, end } = effectorOf(begun);
  effector.run(theOnly(begun.effects));
  const ended = theOnly(await end()) as Ended;
  expect(ended.exit_code).toBe(0);
  expect(ended.output_tail).toMatch(
    /project\/sub \$\(id\); 'x' \{"os":"; rm -rf \/"\} ; rm -rf \/$/,
  );
});

test('what lies outside of the project, and what is no program, is told', async () => {
  const out = await begin(`  t: { type: command, directory: ../.., command: [node, -v] }\n`);
  const refused = effectorOf(out);
  refused.effector.run(theOnly(out.effects));
  expect(theOnly(await refused.end())).toMatchObject({
    type: 'start_refused',
    text: expect.stringContaining('outside of the project'),
  });
  const none = await begin(`  t: { type: command, command: [no-such-program] }\n`);
  const missing = effectorOf(none);
  missing.effector.run({ ...theOnly(none.effects), key: 'wf/t/9.9' });
  expect(theOnly(await missing.end())).toMatchObject({
    exit_code: null,
    output_tail: expect.stringContaining('Cannot start no-such-program'),
  });
});

test('keeps its own time limit', async () => {
  const begun = await begin(
    `  t: { type: command, timeout_seconds: 10, command: [sleep, "60"] }\n`,
  );
  const { effector, end } = effectorOf(begun);
  const effect = theOnly(begun.effects);
  const { plan } = begun.world;
  Object.assign(plan.nodes[0] ?? {}, { timeout_seconds: 1 });
  effector.run(effect);
  expect(theOnly(await end())).toMatchObject({
    exit_code: null,
    output_tail: 'It did not end within 1 s.',
  });
});

test('is stopped with everything it has started, also before it began', async () => {
  const begun = await begin(
    `  t: { type: command, command: "(${NAP} &) ; echo up > up; ${NAP}" }\n`,
  );
  const { effector, end } = effectorOf(begun);
  const effect = theOnly(begun.effects);
  effector.run(effect);
  await when(() => existsSync(join(root, 'project', 'up')));
  await effector.stop(effect.key);
  expect(theOnly(await end())).toMatchObject({ exit_code: null, output_tail: 'It was stopped.' });
  expect(sleepers()).toBe('');

  const late = { ...effect, key: 'wf/t/2.1' };
  const second = effectorOf(begun);
  await second.effector.stop(late.key);
  second.effector.run(late);
  expect(theOnly(await second.end())).toMatchObject({
    output_tail: 'It was stopped before it had begun.',
  });
});

test('goes on without whoever started it, and is run once by any number of successors', async () => {
  const begun = await begin(
    `  t: { type: command, command: "echo x >> count; while [ ! -e go ]; do sleep 0.05; done; echo done" }\n`,
  );
  const effect = theOnly(begun.effects);
  const first = effectorOf(begun);
  first.effector.run(effect);
  await when(() => existsSync(join(root, 'project', 'count')));
  await first.effector.close();
  const [second, third] = [effectorOf(begun), effectorOf(begun)];
  second.effector.run(effect);
  third.effector.run(effect);
  await sleep(300);
  writeFileSync(join(root, 'project', 'go'), '');
  for (const one of [second, third]) {
    expect(theOnly(await one.end())).toMatchObject({ exit_code: 0, output_tail: 'done' });
  }
  expect(first.events).toEqual([]);
  expect(readFileSync(join(root, 'project', 'count'), 'utf8')).toBe('x\n');
  const later = effectorOf(begun);
  later.effector.run(effect);
  expect(theOnly(await later.end())).toMatchObject({ exit_code: 0 });
  expect(readFileSync(join(root, 'project', 'count'), 'utf8')).toBe('x\n');
});

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'a command whose carrier gets %s is ended and never begun again',
  async (signal) => {
    const begun = await begin(`  t: { type: command, command: "echo x >> count; ${NAP}" }\n`);
    const effect = theOnly(begun.effects);
    const { effector, end } = effectorOf(begun);
    effector.run(effect);
    await when(() => existsSync(join(root, 'project', 'count')));
    const carrier = topLease(pathsOf(effect.key).lease)?.holder.pid ?? 0;
    process.kill(carrier, signal);
    expect(theOnly(await end())).toMatchObject({
      exit_code: null,
      output_tail: expect.stringContaining('interrupted'),
    });
    expect(readFileSync(join(root, 'project', 'count'), 'utf8')).toBe('x\n');
    expect(sleepers()).toBe('');
  },
);

test('in a copy of its own it changes nothing of the project', async () => {
  const project = join(root, 'project');
  writeFileSync(join(project, 'a.txt'), 'a\n');
  const begun = await begin(
    `  t: { type: command, isolation: worktree, command: "cat a.txt; echo b > a.txt; pwd" }\n`,
  );
  const { effector, end } = effectorOf(begun);
  effector.run(theOnly(begun.effects));
  const ended = theOnly(await end()) as Ended;
  expect(ended).toMatchObject({ exit_code: 0 });
  expect(ended.output_tail).toMatch(/^a\n/);
  expect(ended.output_tail).not.toContain(`${project}\n`);
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('a\n');
});

test('a copy has what is not committed, whatever the policy of worktrees says: that is what is judged', async () => {
  const project = join(root, 'project');
  const git = (...args: string[]) => execFileSync('git', ['-C', project, ...args]);
  git('init', '-q');
  writeFileSync(join(project, 'a.txt'), 'committed\n');
  git('add', '.');
  git('-c', 'user.name=u', '-c', 'user.email=u@e', 'commit', '-qm', 'one');
  writeFileSync(join(project, 'a.txt'), 'what the node before made\n');
  mkdirSync(join(root, 'home/.cc-orchestrator'), { recursive: true });
  writeFileSync(
    join(root, 'home/.cc-orchestrator/policy.yaml'),
    'worktrees:\n  uncommitted: false\n',
  );
  const begun = await begin(`  t: { type: command, isolation: worktree, command: [cat, a.txt] }\n`);
  const { effector, end } = effectorOf(begun);
  effector.run(theOnly(begun.effects));
  expect(theOnly(await end())).toMatchObject({ output_tail: 'what the node before made' });
});

/** Processes of these tests that should be gone. */
function sleepers(): string {
  return execFileSync('sh', ['-c', `pgrep -fa "${NAP}$" || true`], { encoding: 'utf8' });
}
