import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ModelCall, Script, Step } from '../../src/loopback/index.ts';
import { BIN, loopbackProvider, runProgram } from '../support/controllers.ts';
import { Lab, REPOSITORY, TOKEN } from '../support/lab.ts';
import { probeModel } from '../support/probe-model.ts';
import { type Step as Done, unprinted, type Walk, walkThrough } from '../support/walkthrough.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const NO_ADDRESS = 'needs the address of the repository; the test begins in its clone';

const RUN_ID = /run_\d{8}t\d{9}z_[a-z2-7]{8}/g;

/** Somebody who has git, Codex and Claude Code and works with both. */
async function openUser(scripts: readonly Script[]): Promise<void> {
  lab = await Lab.open([...scripts, probeModel()]);
  const { PATH = '' } = lab.env;
  lab.env.PATH = `${join(REPOSITORY, 'node_modules/.bin')}:${PATH}`;
  lab.env.LOOP_KEY = TOKEN;
  inHome('.gitconfig', '[user]\n  name = lab\n  email = lab@example.invalid\n');
  inHome('.codex/config.toml', loopbackProvider(lab));
  const env = {
    ANTHROPIC_BASE_URL: lab.model.url,
    ANTHROPIC_AUTH_TOKEN: TOKEN,
    ANTHROPIC_MODEL: 'controller-model',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
  };
  inHome('.claude/settings.json', JSON.stringify({ env }));
}

function inHome(name: string, text: string): void {
  const path = join(lab.env.HOME ?? '', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Runs the commands of a document; answers what they printed, by command. */
async function walk(path: string, plan: Walk): Promise<Map<string, string>> {
  const names = () => readdirSync(REPOSITORY);
  const before = names();
  const document = readFileSync(join(REPOSITORY, path), 'utf8');
  const steps = await walkThrough(document, plan, { dir: lab.dir, cwd: lab.project, env: lab.env });
  const ids = steps.flatMap(({ stdout }) => stdout.match(RUN_ID) ?? []);
  lab.runs.push(...new Set(ids));
  for (const step of steps) expect(step.code, told(step)).toBe(step.expected);
  // What the last command has started ends before the test does.
  await runProgram(process.execPath, [BIN, 'wait', '--timeout', '60'], {
    cwd: lab.project,
    env: lab.env,
  });
  expect(unprinted(document, steps)).toEqual([]);
  expect(names(), 'the clone is left as it was').toEqual(before);
  return new Map(steps.map(({ command, stdout }) => [command, stdout]));
}

function told({ command, stdout, stderr }: Done): string {
  return `$ ${command}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`;
}

const BROKEN = 'export const month = (date) => date.getMonth();\n';
const FIXED = BROKEN.replace('getMonth()', 'getMonth() + 1');
const TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { month } from '../src/date.js';
test('January is 1', () => assert.equal(month(new Date(2026, 0, 1)), 1));
`;

/** A worker that reads a file, changes it, runs a command and says so. */
function repair(
  name: string,
  match: string,
  path: () => string,
  texts: [string, string],
  test: string,
): Script {
  const [old, replacement] = texts;
  return {
    name,
    match,
    api: 'messages',
    steps: [
      () => ({ tools: [{ name: 'Read', input: { file_path: path() } }] }),
      () => ({
        tools: [
          {
            name: 'Edit',
            input: { file_path: path(), old_string: old, new_string: replacement },
          },
        ],
      }),
      { tools: [{ name: 'Bash', input: { command: test, description: 'run the tests' } }] },
      { text: 'Repaired.' },
    ],
  };
}

test('the commands of the README', async () => {
  await openUser([
    {
      name: 'find',
      match: 'Find why test/date.test.js fails',
      api: 'messages',
      steps: [{ text: 'Months are counted from zero.' }],
    },
    repair(
      'fix',
      'Fix the bug in src/date.js',
      () => lab.path('src/date.js'),
      [BROKEN.trim(), FIXED.trim()],
      'npm test',
    ),
  ]);
  lab.write('package.json', '{"type": "module", "scripts": {"test": "node --test"}}\n');
  lab.write('src/date.js', BROKEN);
  lab.write('test/date.test.js', TEST);
  lab.commit();
  const said = await walk('README.md', {
    before: `cc-orchestrator() { node "$REPOSITORY/dist/cc-orchestrator.js" "$@"; }`,
    skipped: {
      'npm run demo': 'installs and builds; test/e2e/demo.test.ts runs the demo',
      'npm test': 'is what runs this test',
      'git clone <this repository>': NO_ADDRESS,
      'cd cc-orchestrator': NO_ADDRESS,
    },
    instead: {
      // Nobody is there to say yes.
      'install/install.sh': '"$REPOSITORY/install/install.sh" --yes',
      'install/install.sh doctor': '"$REPOSITORY/install/install.sh" doctor',
    },
    values: {},
  });
  const at = (start: string) => [...said].find(([command]) => command.startsWith(start))?.[1] ?? '';
  expect(at('install/install.sh doctor')).toContain('All is well.');
  expect(at('cc-orchestrator wait')).toMatch(/^succeeded /);
  expect(at('cc-orchestrator last-run')).toContain('Months are counted from zero.');
  expect(at('cc-orchestrator diff-summary')).toContain('src/date.js');
  expect(at('cc-orchestrator verify-run')).toContain('accept');
  expect(at('cc-orchestrator watch')).toContain('Repaired.');
  expect(at('cc-orchestrator rollback-run')).toContain('src/date.js');
  expect(lab.read('src/date.js')).toBe(FIXED);
});

const FIND = 'Find out why a test fails';
const REPAIR = 'Repair src/price.js';
const RUN_OF = /"run_id":\s*"(run_[a-z0-9_]+)"/;

/** A controller that does what the guides tell it: once for the question, once for the change. */
function controllers(api: 'messages' | 'responses', namespace: string): Script[] {
  const use = (name: string, input: Record<string, unknown>): Step => ({
    tools: [{ namespace, name, input }],
  });
  const last = ({ toolResults }: ModelCall) => toolResults.at(-1)?.text ?? '';
  const run = ({ toolResults }: ModelCall) =>
    toolResults.map(({ text }) => RUN_OF.exec(text)?.[1]).find((id) => id !== undefined) ?? '';
  const scope = { paths: ['src/**'], commands: ['node --test'] };
  return [
    {
      name: 'asks',
      match: 'find out why',
      api,
      steps: [
        use('cc_run_streaming_agent', { task: FIND, role: 'debugging' }),
        (call) => use('cc_wait_runs', { run_ids: [run(call)], until: 'all' }),
        use('cc_last_run', {}),
        (call) => ({ text: `${run(call)} says: ${last(call)}` }),
      ],
    },
    {
      name: 'changes',
      match: 'worker repair src/price.js',
      api,
      steps: [
        use('cc_run_streaming_agent', { task: REPAIR, allow_write: true, scope }),
        (call) => use('cc_wait_runs', { run_ids: [run(call)], until: 'all' }),
        (call) => use('cc_verify_run', { run_id: run(call), tests: ['node --test'] }),
        (call) => ({ text: `${run(call)} is verified: ${last(call)}` }),
      ],
    },
  ];
}

const PRICE = 'return price - percent;';
const BETTER = 'return price - (price * percent) / 100;';

test.each([
  ['docs/getting-started-codex.md', 'codex', 'responses', 'mcp__cc_orchestrator'],
  ['docs/getting-started-claude-code.md', 'claude', 'messages', 'mcp__cc-orchestrator'],
] as const)('the commands of %s', async (path, client, api, namespace) => {
  const file = () => join(lab.env.HOME ?? '', 'cc-sample/src/price.js');
  await openUser([
    ...controllers(api, namespace),
    {
      name: 'finds',
      match: FIND,
      api: 'messages',
      steps: [{ text: 'It takes percent for money.' }],
    },
    repair('repairs', REPAIR, file, [PRICE, BETTER], 'node --test'),
  ]);
  // Only the profile of the guide is there.
  for (const name of Object.keys(lab.env)) if (name.startsWith('CC_PROFILE_')) delete lab.env[name];
  const before = readFileSync(join(lab.env.HOME ?? '', '.codex/config.toml'), 'utf8');
  const setup = `install/install.sh --client ${client}${client === 'codex' ? ' --approve' : ''}`;
  const uninstall = `cc-orchestrator uninstall --client ${client}`;
  const said = await walk(path, {
    skipped: { 'git clone <this repository>': NO_ADDRESS },
    instead: {
      'cd cc-orchestrator': 'cd "$REPOSITORY"',
      // Nobody is there to say yes.
      [setup]: `${setup} --yes`,
      [uninstall]: `${uninstall} --yes`,
    },
    values: { address: lab.model.url, token: TOKEN, model: 'cheap-model', price: '2' },
    codes: { 'node --test': [1, 0] },
  });
  const at = (start: string) => [...said].find(([command]) => command.startsWith(start))?.[1] ?? '';
  expect(at(`install/install.sh --client ${client} --dry-run`)).toContain(
    'Nothing was written (--dry-run).',
  );
  expect(at('cc-orchestrator list-profiles')).toContain('id: env:cheap');
  expect(at('install/install.sh doctor')).toContain('All is well.');
  const [asked = '', changed = ''] = [...said]
    .filter(([command]) => /^(?:codex exec|claude -p)/.test(command))
    .map(([, stdout]) => stdout);
  expect(asked).toContain('It takes percent for money.');
  expect(changed).toMatch(/verdict.{1,5}accept/);
  expect(at('cc-orchestrator last-run')).toContain('state: succeeded');
  expect(at('cc-orchestrator verify-run')).toContain('verdict: accept');
  expect(readFileSync(file(), 'utf8')).toContain(PRICE);
  expect(readFileSync(join(lab.env.HOME ?? '', '.codex/config.toml'), 'utf8')).toBe(before);
});
