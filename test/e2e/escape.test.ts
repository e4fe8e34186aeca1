import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { randomBase32 } from '../../src/core/ids.ts';
import { arrayAt, isObject, parseJson, stringAt } from '../../src/core/json.ts';
import type { ModelCall } from '../../src/loopback/index.ts';
import { findSandbox } from '../../src/proc/sandbox.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { type Area, type Attempt, COMMANDS, FILE_TOOLS } from '../support/escapes.ts';
import { CLAUDE, Lab } from '../support/lab.ts';

const SCOPE = ['src/**', '!src/generated/**'];
const POLICY = 'protected_paths: ["src/*.lock"]\n';

const sandbox = await findSandbox('auto', process.env);
const hasSandbox = sandbox.kind === 'bubblewrap';
if (sandbox.kind === 'none') console.warn(`escape suite: half of it is skipped: ${sandbox.why}`);

let lab: Lab;
const litter: string[] = [];
afterEach(async () => {
  for (const path of litter.splice(0)) rmSync(path, { force: true });
  expect(await lab.close()).toEqual([]);
});

/** Directories that stand in braces in the attempts. */
type Places = Record<string, string>;

async function openLab(policy: string): Promise<Places> {
  lab = await Lab.open([]);
  const outside = join(lab.dir, 'outside');
  const home = lab.env.HOME ?? '';
  const cc = join(home, '.cc-orchestrator');
  const places: Places = {
    project: lab.project,
    outside,
    home,
    cc,
    private: join(cc, 'private'),
    tmp: lab.env.TMPDIR ?? '',
    records: lab.path('.agent-workspace/claude-code-orchestrator/runs'),
    other: 'run_other',
    unique: `cc-escape-${randomBase32(12)}`,
  };
  litter.push(`/tmp/${places.unique}`, `/var/tmp/${places.unique}`);
  mkdirSync(join(cc, 'private/runs/run_other'), { recursive: true });
  writeFileSync(join(cc, 'private/runs/run_other/prompt.txt'), 'theirs');
  mkdirSync(outside);
  for (const name of ['secret', 'hard']) writeFileSync(join(outside, name), 'theirs');
  writeFileSync(join(home, '.bashrc'), '# theirs\n');
  for (const name of ['two', 'three', 'four', 'five']) lab.write(`docs/${name}.md`, `${name}\n`);
  lab.write('docs/n.ipynb', '{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}');
  lab.write('.gitignore', 'build/\n');
  lab.write('src/a.txt', 'a\n');
  lab.write('src/keep.lock', 'kept\n');
  lab.write('src/generated/g.txt', 'g\n');
  symlinkSync('../docs', lab.path('src/to-docs'));
  symlinkSync(join(outside, 'secret'), lab.path('src/to-secret'));
  lab.commit();
  linkSync(join(outside, 'hard'), lab.path('src/hard'));
  lab.writePolicy(policy);
  return places;
}

function filled(text: string, places: Places): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);
}

function callOf(attempt: Attempt, places: Places) {
  if (attempt.call === undefined) {
    const command = filled(attempt.command ?? '', places);
    return { name: 'Bash', input: { command, description: attempt.name } };
  }
  const input = Object.entries(attempt.call.input).map(([key, value]) => [
    key,
    typeof value === 'string' ? filled(value, places) : value,
  ]);
  return { name: attempt.call.name, input: Object.fromEntries(input) as Record<string, unknown> };
}

/** What stands at a path, in a form that shows every change of it. */
function lookAt(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'nothing';
  if (stat.isDirectory()) return `directory ${readdirSync(path).sort().join()}`;
  if (!stat.isFile()) return 'something else';
  return `${stat.mode.toString(8)} ${readFileSync(path, 'latin1')}`;
}

type Tried = { run: FoundRun; escaped: Attempt[]; results: string[] };

/** One worker makes all the attempts, one call after the other, whatever comes of them. */
async function tryAll(
  attempts: readonly Attempt[],
  places: Places,
  commands: string[],
  paths: string[] = SCOPE,
): Promise<Tried> {
  const before = attempts.map(({ target }) => lookAt(filled(target, places)));
  let last: ModelCall | undefined;
  lab.model.addScript({
    name: `escape-${lab.runs.length}`,
    match: `TRY-${lab.runs.length}`,
    steps: [
      ...attempts.map((attempt) => ({ tools: [callOf(attempt, places)] })),
      (call) => {
        last = call;
        return { text: 'I tried.' };
      },
    ],
  });
  const run = await lab.launch({
    task: `TRY-${lab.runs.length}: get out.`,
    allowWrite: true,
    scope: { paths, commands },
    budget: { max_turns: 200 },
  });
  const ended = await lab.ended(run, 100_000);
  expect(ended.record.outcome?.left_processes).toEqual([]);
  expect(last?.toolResults).toHaveLength(attempts.length);
  const escaped = attempts.filter(
    ({ target }, index) => lookAt(filled(target, places)) !== before[index],
  );
  return { run: ended, escaped, results: last?.toolResults.map(({ text }) => text) ?? [] };
}

test.skipIf(!hasSandbox)('nothing gets out of the sandbox, with any command allowed', async () => {
  const places = await openLab(POLICY);
  const attempts = [...FILE_TOOLS, ...COMMANDS];
  expect(attempts.length).toBeGreaterThanOrEqual(40);
  const inside = shellCheck('what is allowed works', 'echo fine > src/inside && cat src/inside');
  const git = gitState();
  const { run, escaped, results } = await tryAll([...attempts, inside], places, ['*']);
  expect(escaped.map(({ name }) => name)).toEqual([inside.name]);
  expect(results.at(-1)).toContain('fine');
  // Nothing is left of what the sandbox needed, and nobody was shown anything of others.
  expect(readdirSync(lab.project).sort()).toEqual(
    ['.agent-workspace', '.git', '.gitignore', 'README.md', 'docs', 'src'].sort(),
  );
  expect(gitState()).toBe(git);
  expect(run.record.outcome?.outside_scope ?? []).toEqual([]);
  expect(run.record.posture).toMatchObject({ sandbox: 'bubblewrap', shell: 'any' });
});

test.skipIf(!hasSandbox)(
  'where the whole project is in scope, what is protected stays, also what is not there yet',
  async () => {
    const places = await openLab(POLICY);
    const attempts = [...FILE_TOOLS, ...COMMANDS].filter(
      ({ area, name }) => area === 'git' || area === 'records' || PROTECTED_AT_THE_TOP.test(name),
    );
    const git = gitState();
    const inside = shellCheck(
      'what is allowed works',
      'echo fine > src/inside && echo ok > new.txt',
    );
    const { run, escaped } = await tryAll([...attempts, inside], places, ['*'], ['**']);
    expect(escaped.map(({ name }) => name)).toEqual([inside.name]);
    expect(gitState()).toBe(git);
    expect(existsSync(lab.path('.claude'))).toBe(false);
    expect(existsSync(lab.path('.mcp.json'))).toBe(false);
    expect(run.record.outcome?.changed_files).toBe(2);
  },
);

/** A clone in /tmp: the worker itself has to be seen there. */
const isInTmp = realpathSync(CLAUDE).startsWith('/tmp/');

test.skipIf(!hasSandbox || isInTmp)(
  '/tmp is its own where nothing else has to be seen in it',
  async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = '/var/tmp';
    try {
      lab = await Lab.open([]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
    lab.env.CC_CLAUDE_PATH = realpathSync(CLAUDE);
    lab.env.PATH = '/usr/local/bin:/usr/bin:/bin';
    const name = `/tmp/cc-escape-${randomBase32(12)}`;
    litter.push(name);
    const attempt = shellCheck('x', `echo mine > ${name} && cat ${name} && ls -a /tmp | wc -l`);
    const { results, run } = await tryAll([attempt], {}, ['*']);
    expect(results.join()).toContain('mine');
    // `.`, `..`, the file, and perhaps the worker's own directory.
    expect(Number(results.join().split('\n').at(-1))).toBeLessThanOrEqual(4);
    expect(existsSync(name)).toBe(false);
    const isGone = async () => !existsSync(run.record.worker.tmp_dir) || undefined;
    await lab.until(isGone, 'its temporary directory to be removed');
  },
);

const PROTECTED_AT_THE_TOP = /settings|MCP servers|the policy protects/;

test.skipIf(!hasSandbox)('a read-only worker is in the sandbox, too', async () => {
  await openLab(POLICY);
  lab.model.addScript({
    name: 's',
    steps: [{ text: 'x', hold: { at: 'before_headers', name: 'h' } }],
  });
  const run = await lab.launch({ task: 'Look.' });
  await lab.model.waitForHold('h');
  const [worker] = lab
    .processes(run.record.run_id)
    .filter(({ pid }) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('claude'));
  const mounts = readFileSync(`/proc/${worker?.pid}/mounts`, 'utf8').split('\n');
  const flags = (path: string) =>
    mounts.findLast((line) => line.split(' ')[1] === path)?.split(' ')[3];
  expect(flags('/')).toMatch(/^ro,/);
  expect(flags(run.record.worker.tmp_dir)).toMatch(/^rw,/);
  expect(readFileSync(`/proc/${worker?.pid}/status`, 'utf8')).toMatch(/CapEff:\s+0+\n/);
  // Its own streams lead out; a directory that did would be a way to everything.
  const open = readdirSync(`/proc/${worker?.pid}/fd`).map((fd) => `/proc/${worker?.pid}/fd/${fd}`);
  expect(open.filter((fd) => statSync(fd, { throwIfNoEntry: false })?.isDirectory())).toEqual([]);
  lab.model.release('h');
  await lab.ended(run);
});

/** Claude Code itself refuses some of what it can see in a command, and reads no settings of a worker. */
const HELD_BY_THE_CLI: readonly string[] = ['its own settings', 'a git hook', 'a link to the home'];

/** What the comparison at the end sees; the records of the run are only named beforehand. */
const SEEN_AT_THE_END: readonly Area[] = ['source', 'ignored', 'git'];

test('without a sandbox, what gets out in the project is found at the end, the rest was named before', async () => {
  const places = await openLab(`${POLICY}sandbox: off\n`);
  const attempts = COMMANDS.filter(({ sandboxOnly }) => !sandboxOnly);
  const commands = attempts.map(({ command = '' }) => filled(command, places));
  expect((await tryAll(FILE_TOOLS, places, [])).escaped).toEqual([]);
  const { run, escaped } = await tryAll(attempts, places, commands);
  // Nearly all get out, or the other half would prove nothing.
  const held = attempts.filter((attempt) => !escaped.includes(attempt));
  expect(held.map(({ name }) => name)).toEqual(HELD_BY_THE_CLI);
  const changed = arrayAt(parseJson(readFileSync(run.paths.changedFiles, 'utf8')), 'files')
    .filter(isObject)
    .map((file) => lab.path(stringAt(file, 'path') ?? ''));
  const unseen = escaped
    .filter(({ area }) => SEEN_AT_THE_END.includes(area))
    .filter(({ target }) => !changed.includes(filled(target, places)));
  expect(unseen.map(({ name }) => name)).toEqual([]);
  expect(run.record.outcome?.outside_scope?.length).toBeGreaterThan(0);
  const { posture } = run.record;
  expect(posture).toMatchObject({ sandbox: 'none', shell: 'listed' });
  expect(posture?.why_none).toContain('sandbox: off');
  for (const word of ['home', '/tmp', 'other projects', 'records']) {
    expect(posture?.blind.join('\n')).toContain(word);
  }
});

function shellCheck(name: string, command: string): Attempt {
  return { name, command, target: '{project}/src/inside', area: 'source' };
}

/** Everything in `.git` that decides what git does. */
function gitState(): string {
  const options = { cwd: lab.project, encoding: 'utf8' as const };
  const files = execFileSync('find', ['.git', '-type', 'f', '!', '-name', 'index'], options);
  const sums = files
    .split('\n')
    .filter((file) => file !== '')
    .sort();
  return sums
    .map((file) => `${file} ${existsSync(lab.path(file)) ? lookAt(lab.path(file)) : ''}`)
    .join('\n');
}
