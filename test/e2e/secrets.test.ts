import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { commandName } from '../../src/cli/help.ts';
import { runIds } from '../../src/runs/run-ids.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { findTool } from '../../src/tools/surface.ts';
import { installProviders } from '../profiles/providers.ts';
import { everyField, seeder } from '../profiles/seeds.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab, TOKEN } from '../support/lab.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** What no JSON, shell, YAML or pattern leaves as it is. */
const ODD = `"'\\\\$(x)\`%s{}[1m]|<>&;#!^*`;

/** Everything of a directory that has a name or a content, except what is given. */
function textOf(directory: string, except: readonly string[]): string {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .filter(({ path }) => !except.some((part) => path.startsWith(part)))
    .map(({ entry, path }) => `${path}\n${entry.isFile() ? readFileSync(path, 'latin1') : ''}`)
    .join('\n');
}

/** Command lines and titles of all processes. */
function processesText(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return ['cmdline', 'comm'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
      } catch {
        return '';
      }
    })
    .join('\n');
}

/** A machine with a token in every field of every source of profiles; some of them lead to the model. */
async function plant() {
  const { seeds, seed } = seeder();
  const own = (where: string) => seed(where) + ODD;
  const usable = {
    env: seed('plain'),
    'env:odd': own('odd'),
    'file:inline': own('inline'),
    'file:command': seed('command'),
    'cc-switch:real': own('provider'),
  };
  lab = await Lab.open([], { tokens: Object.values(usable) });
  const home = lab.env.HOME ?? '';
  Object.assign(lab.env, {
    ANTHROPIC_BASE_URL: lab.model.url,
    ANTHROPIC_AUTH_TOKEN: usable.env,
    ANTHROPIC_CUSTOM_HEADERS: `X-Key: ${seed('header')}`,
    ANTHROPIC_MODEL: 'lab-model-1',
    CLAUDE_CODE_OAUTH_TOKEN: seed('oauth'),
    CC_PROFILE_ODD_BASE_URL: lab.model.url,
    CC_PROFILE_ODD_AUTH_TOKEN: usable['env:odd'],
    CC_PROFILE_ODD_MODEL: 'odd-model',
    CC_PROFILE_BAD_BASE_URL: `https://${seed('user')}:${seed('pass')}@x.example/?k=${seed('query')}`,
    CC_PROFILE_BAD_API_KEY: seed('bad'),
    CC_PROFILE_TYPO_TOKEN: seed('typo'),
    FILE_TOKEN: seed('named'),
  });
  const command = join(lab.dir, 'print-token');
  writeFileSync(command, `#!/bin/sh\nprintf '%s\\n' '${usable['file:command']}'\n`, {
    mode: 0o700,
  });
  const models = `base_url: "${lab.model.url}", models: {default: m}`;
  lab.writeProfiles(`profiles:
  inline: {${models}, token: ${JSON.stringify(usable['file:inline'])}, allow_inline_token: true}
  command: {${models}, token_command: [${command}]}
  named: {base_url: "https://n.example", token_env: FILE_TOKEN}
  refused: {${models}, token: ${seed('refused')}}
  failing: {${models}, token_command: [sh, -c, 'echo ${seed('failing')}; exit 1']}
  unknown: {${models}, api_key: ${seed('unknown')}}
`);
  const rows = [
    ...everyField(seed),
    {
      id: 'real',
      settings: {
        env: {
          ANTHROPIC_BASE_URL: lab.model.url,
          ANTHROPIC_API_KEY: usable['cc-switch:real'],
          ANTHROPIC_MODEL: 'real-model',
        },
      },
    },
  ];
  installProviders({ appDir: join(home, '.cc-switch') }, rows);
  mkdirSync(join(home, '.claude'));
  writeFileSync(
    join(home, '.claude/.credentials.json'),
    JSON.stringify({ claudeAiOauth: { accessToken: seed('access') } }),
  );
  const sources = [
    join(home, '.cc-switch'),
    join(home, '.claude'),
    lab.host().home.profiles,
    command,
  ];
  return { seeds, usable, sources };
}

function expectNone(text: string, seeds: readonly string[]): void {
  expect(seeds.filter((secret) => text.includes(secret))).toEqual([]);
}

/** Calls of a tool that work, fail, and are nonsense. */
function callsOf(tool: string, runId: string, secret: string): Record<string, unknown>[] {
  const id = { run_id: runId };
  const own: Record<string, Record<string, unknown>[]> = {
    cc_answer_question: [{ question: `${runId}.1`, allow: true }],
    cc_list_profiles: [{ all: true }],
    cc_mock_stream_test: [],
    cc_pick_profile: [
      { role: 'review' },
      { profile: 'file:refused' },
      { profile: secret },
      { profile: 'cc-switch:p6', model: secret },
    ],
    cc_recover_runs: [{}],
    cc_run_agent: [
      { task: `Use ${secret}.`, dry_run: true, profile: 'file:command' },
      { task: 'x', profile: 'file:failing' },
      { task: 'x', profile: 'file:unknown' },
      { task: 'x', profile: secret },
    ],
    cc_run_streaming_agent: [{ task: 'x', dry_run: true, profile: 'env:odd' }],
    cc_run_visible_agent: [{ task: 'x', dry_run: true }],
    cc_wait_runs: [{ run_ids: [runId], timeout_seconds: 0 }],
  };
  // An id for a tool that takes none would be refused like any other nonsense.
  const usual = 'run_id' in findTool(TOOLS, tool).input.shape ? [id, {}] : [{}];
  return [...(own[tool] ?? usual), { nonsense: secret }];
}

/** The same as command line flags. */
function flagsOf(input: Record<string, unknown>): string[] {
  return Object.entries(input).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll('_', '-')}`;
    if (value === true) return [flag];
    return [value].flat().flatMap((item) => [flag, String(item)]);
  });
}

test('no secret of any profile is in what is answered, written or seen in a process list', async () => {
  const { seeds, usable, sources } = await plant();
  const tokens = Object.values(usable);
  const server = await LabServer.start(lab);
  lab.model.addScript({
    name: 's',
    steps: [
      { text: 'Looking.', tools: [{ name: 'Read', input: { file_path: lab.path('README.md') } }] },
      { text: 'Done.', hold: { at: 'before_headers', name: 'look' } },
    ],
  });
  const returned: string[] = [];
  for (const profile of Object.keys(usable)) {
    returned.push(await server.raw('cc_run_streaming_agent', { task: 'Hi', profile }));
  }
  const ids = await runIds(lab.place().workspace);
  lab.runs.push(...ids);
  for (const id of ids) await lab.event(await lab.find(id), 'cc.tool.finished');
  returned.push(processesText());
  lab.model.release('look');
  for (const id of ids) {
    const { record } = await lab.ended(await lab.find(id));
    expect([record.profile.id, record.state]).toEqual([record.profile.id, 'succeeded']);
  }
  // Each worker came with its own token, odd characters and all.
  const sent = new Set(lab.model.requests.map(({ token }) => token));
  expect(ids).toHaveLength(tokens.length);
  expect(tokens.filter((token) => !sent.has(token))).toEqual([]);

  const [runId = ''] = ids;
  for (const { name } of TOOLS) {
    for (const input of callsOf(name, runId, tokens[1] ?? '')) {
      returned.push(await server.raw(name, input));
    }
  }
  await server.close();
  const commands = [
    ['list-profiles', '--all'],
    ['list-profiles', '--all', '--json'],
    ['pick-profile', '--profile', 'file:refused'],
    ['pick-profile', '--profile', tokens[0] ?? '', '--json'],
    ['healthcheck', '--json'],
    ['run-agent', 'x', '--profile', 'file:failing'],
    ['run-agent', 'x', '--profile', 'file:command', '--dry-run', '--json'],
    ['run-status', '--include-finished', '--json'],
    ['last-run'],
    ...ids.map((id) => ['poll-run', id, '--json']),
  ];
  // Every tool by its command as well: what it answers to a person, to a program, and to nonsense.
  const twins = TOOLS.flatMap((tool, index) =>
    callsOf(tool.name, runId, tokens[2] ?? '').map((input) => [
      commandName(tool),
      ...flagsOf(input),
      ...(index % 2 === 0 ? ['--json'] : []),
    ]),
  );
  expect(twins.length).toBeGreaterThanOrEqual(2 * TOOLS.length);
  const queue = [...commands, ...twins];
  const workOff = async () => {
    for (let args = queue.shift(); args !== undefined; args = queue.shift()) {
      const { stdout, stderr } = await runProgram(process.execPath, [BIN, ...args], {
        cwd: lab.project,
        env: lab.env,
      });
      expect([args, stdout + stderr]).not.toEqual([args, '']);
      returned.push(stdout, stderr);
    }
  };
  await Promise.all([workOff(), workOff(), workOff()]);
  const shown = returned.join('\n');
  // It did look: these are the names beside the secrets.
  for (const name of ['cc-switch:p8', 'file:refused', 'env:odd']) expect(shown).toContain(name);
  expect(seeds.length).toBeGreaterThan(55);
  expectNone(shown, [...seeds, TOKEN]);
  const written = textOf(lab.dir, sources);
  expect(written).toContain('events.ndjson');
  expectNone(written, [...seeds, TOKEN]);
});

test('a token that the worker itself says or reads is hidden wherever it is recorded', async () => {
  const { seeds, usable, sources } = await plant();
  const token = usable['env:odd'];
  lab.write('leak.txt', `the token is ${token}\n`);
  lab.model.addScript({
    name: 's',
    steps: [
      {
        thinking: `I know ${token}.`,
        text: `Your token: ${token}`,
        tools: [
          { name: 'Read', input: { file_path: lab.path('leak.txt') } },
          { name: 'Read', input: { file_path: `/no/${token}` } },
        ],
      },
      { faults: [{ kind: 'http', status: 401, message: `invalid key ${token}` }] },
    ],
  });
  const launched = await lab.launch({ task: `Look for ${token}.`, profile: 'env:odd' });
  const run = await lab.ended(launched);
  expect(run.record.outcome?.failure.class).toBe('auth_failed');
  // The private store keeps what was asked word for word, and the transcript is the worker's own.
  const kept = [lab.path('leak.txt'), join(dirname(run.paths.dir), '..', '..', '..', '.git')];
  const { sessions, runs } = lab.host().home;
  const written = textOf(lab.dir, [...sources, ...kept, sessions, runs]);
  expect(written).toContain('[redacted]');
  expectNone(written, seeds);
});
