import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../src/setup/setup.ts';
import { changesOf, Machine, textOf } from './machine.ts';

const OURS = 'mcp_servers.cc-orchestrator';

/** What users have: comments, other servers, odd endings, a BOM, no newline at the end, no file. */
const CONFIGS: Record<string, string> = {
  'comments and other servers':
    '# top\nmodel = "gpt" # why\n\n[mcp_servers.other] # c1\n# inner\ncommand = "x"\nargs = [ "a",\n  "b" ]\n\n# the end\n',
  'CRLF and a BOM': '\ufeff# top\r\nmodel = "gpt"\r\n\r\n[mcp_servers.other]\r\ncommand = "x"\r\n',
  'no newline at its end': 'model = "gpt"\n[mcp_servers.other]\ncommand = "x"',
  'only a key without a newline': 'model = "gpt"',
  'an empty file': '',
  'an empty mcp_servers': '[mcp_servers]\n',
  'texts that look like tables':
    'notes = """\n[mcp_servers.cc-orchestrator]\ncommand = "not ours"\n"""\nlist = [\n  ["a"],\n  ["b"]\n]\n',
  'other servers after ours in the alphabet':
    '[[skills.config]]\npath = "x"\n\n[mcp_servers.zz.tools.a]\napproval_mode = "prompt"\n',
};

describe.each(Object.entries(CONFIGS))('a config.toml with %s', (_, before) => {
  it.each([{}, { approve: true, startupGrace: true }])(
    'is there again, byte for byte, after setup %j and uninstall',
    async (options) => {
      const machine = new Machine();
      machine.write(machine.config, before);
      await machine.setup(options);
      const installed = textOf(machine.config);
      const document = parse(installed.replace('\ufeff', '')) as Record<string, unknown>;
      expect(document).toMatchObject({
        mcp_servers: { 'cc-orchestrator': { tool_timeout_sec: 300 } },
        ...(options.startupGrace ? { mcp_optional_startup_grace_ms: 5000 } : {}),
      });
      if (before.includes('\r\n')) expect(installed.replaceAll('\r\n', '')).not.toContain('\n');
      expect(changesOf(await machine.setup())).toEqual([]);
      await machine.uninstall();
      expect(textOf(machine.config)).toBe(before);
      expect(existsSync(machine.skill)).toBe(false);
      expect(existsSync(join(machine.host.home.root, 'setup/installed.json'))).toBe(false);
    },
  );
});

it('makes a home of its own where there is none, and leaves none', async () => {
  const machine = new Machine();
  await machine.setup();
  expect(statSync(machine.config).mode & 0o777).toBe(0o644);
  await machine.uninstall();
  expect(existsSync(join(machine.dir, 'home/.codex'))).toBe(false);
});

it('gives commands that work with spaces in the path', async () => {
  const machine = new Machine();
  machine.env.CODEX_HOME = join(machine.dir, 'a home');
  const config = join(machine.env.CODEX_HOME, 'config.toml');
  machine.write(config, 'a = 1\n', 0o444);
  await expect(machine.setup()).rejects.toMatchObject({
    hint: `Allow it: chmod u+w '${config}'`,
  });
});

it('has nothing to take away where the user has taken our table out', async () => {
  const machine = new Machine();
  machine.write(machine.config, 'model = "a"\n');
  await machine.setup();
  machine.write(machine.config, 'model = "b"\n');
  const plan = await machine.uninstall();
  expect(changesOf(plan)).not.toContain(machine.config);
  expect(plan.notes).toEqual([]);
  expect(textOf(machine.config)).toBe('model = "b"\n');
});

it('says how far it came where it cannot go on, and takes that away again', async () => {
  const machine = new Machine();
  machine.write(machine.config, 'model = "a"\n');
  const plan = await machine.plan();
  machine.write(join(machine.skill, 'skill'), 'in the way');
  await expect(applyPlan(machine.host, plan)).rejects.toMatchObject({
    message: expect.stringMatching(
      /skill\/.*\(2 of \d changes are made; the next call goes on from there\)$/,
    ),
  });
  await machine.uninstall();
  expect(textOf(machine.config)).toBe('model = "a"\n');
  expect(readdirSync(machine.skill)).toEqual(['skill']);
});

it('previews exactly what it writes, and writes nothing', async () => {
  const machine = new Machine();
  const before = 'model = "gpt"\n\n[mcp_servers.other]\nenv = { KEY = "never-shown-1234" }\n';
  machine.write(machine.config, before);
  const [config] = (await machine.plan({ approve: true })).parts.flatMap((part) => part.changes);
  expect(textOf(machine.config)).toBe(before);
  expect(existsSync(machine.host.home.root)).toBe(false);
  expect(config?.diff).not.toContain('never-shown');
  await machine.setup({ approve: true });
  const added = config?.diff.split('\n').filter((line) => line.startsWith('+')) ?? [];
  expect(textOf(machine.config)).toBe(before + added.map((line) => `${line.slice(1)}\n`).join(''));
});

it('approves nothing without consent, keeps what was agreed, and takes it back', async () => {
  const machine = new Machine();
  await machine.setup();
  expect(textOf(machine.config)).not.toContain('approval_mode');
  await machine.setup({ approve: true });
  expect(textOf(machine.config)).toContain(
    `[${OURS}.tools.cc_run_agent]\napproval_mode = "approve"`,
  );
  expect(textOf(machine.config)).toContain(
    `[${OURS}.tools.cc_cost_guard]\napproval_mode = "prompt"`,
  );
  expect(changesOf(await machine.setup())).toEqual([]);
  await machine.setup({ approve: false });
  expect(textOf(machine.config)).not.toContain('approval_mode');
});

it('names variables of profiles and never their values', async () => {
  const machine = new Machine();
  machine.env.CC_PROFILE_LAB_AUTH_TOKEN = 'secret-value-9';
  machine.write(machine.host.home.profiles, 'profiles:\n  one: { token_env: ONE_TOKEN }\n');
  chmodSync(machine.host.home.profiles, 0o600);
  await machine.setup();
  const text = textOf(machine.config);
  expect(text).toContain('"CC_PROFILE_LAB_AUTH_TOKEN", "ONE_TOKEN"');
  expect(text).not.toContain('secret-value-9');
  delete machine.env.CC_PROFILE_LAB_AUTH_TOKEN;
  expect(changesOf(await machine.setup())).toEqual([]);
});

it('follows an upgrade in place and keeps what the user put around it', async () => {
  const machine = new Machine();
  machine.write(machine.config, 'model = "a"\n');
  await machine.setup();
  machine.write(
    machine.config,
    `${textOf(machine.config)}\n[projects."/x"]\ntrust_level = "trusted"\n`,
  );
  machine.env.CC_CLAUDE_PATH = '/opt/claude';
  const template = join(machine.installation, 'install/codex.config.toml');
  machine.write(
    template,
    textOf(template).replace('tool_timeout_sec = 300', 'tool_timeout_sec = 400'),
  );
  await machine.setup();
  const text = textOf(machine.config);
  expect(text).toContain('tool_timeout_sec = 400');
  expect(text.split('[mcp_servers').length).toBe(2);
  await machine.uninstall();
  expect(textOf(machine.config)).toBe('model = "a"\n\n[projects."/x"]\ntrust_level = "trusted"\n');
});

it('keeps an entry that the user has changed, says so, and replaces it only when told', async () => {
  const machine = new Machine();
  machine.write(machine.config, 'model = "a"\n');
  await machine.setup();
  machine.write(machine.config, textOf(machine.config).replace('sec = 300', 'sec = 999'));
  const kept = await machine.setup();
  expect(changesOf(kept)).toEqual([]);
  expect(kept.notes).toMatchObject([
    { level: 'kept', fix: 'cc-orchestrator setup --client codex --replace' },
  ]);
  expect(kept.notes[0]?.text).toContain('tool_timeout_sec');
  await machine.setup({ replace: true });
  expect(textOf(machine.config)).toContain('sec = 300');
  await machine.uninstall();
  expect(textOf(machine.config)).toBe('model = "a"\n');
});

it('takes a changed entry away with everything that is in it, and keeps a copy', async () => {
  const machine = new Machine();
  machine.write(machine.config, '# one\nmodel = "a"\n');
  await machine.setup({ approve: true, startupGrace: true });
  const changed = textOf(machine.config)
    .replace('sec = 300', 'sec = 999 # mine\n# and this')
    .concat('\n# two\n[mcp_servers.later]\ncommand = "y"\n');
  machine.write(machine.config, changed);
  const plan = await machine.uninstall();
  expect(plan.notes).toMatchObject([{ level: 'warn' }]);
  expect(textOf(machine.config)).toBe(
    '# one\nmodel = "a"\n\n# two\n[mcp_servers.later]\ncommand = "y"\n',
  );
  const copies = readdirSync(plan.backups).map((name) => textOf(join(plan.backups, name)));
  expect(copies).toContain(changed);
});

it('gives back an entry of the user that --replace had taken', async () => {
  const machine = new Machine();
  const mine = `[${OURS}]\ncommand = "my-own"\n[${OURS}.env]\nA = "b"\n[x]\ny = 1\n`;
  machine.write(machine.config, mine);
  expect((await machine.setup()).notes).toMatchObject([{ level: 'kept' }]);
  expect(textOf(machine.config)).toBe(mine);
  await machine.setup({ replace: true });
  expect(textOf(machine.config)).not.toContain('my-own');
  await machine.setup({ approve: true });
  await machine.uninstall();
  expect(textOf(machine.config)).toBe(mine);
});

describe('refuses, and touches nothing', () => {
  const cases: [string, (machine: Machine) => void, RegExp][] = [
    ['invalid TOML', (m) => m.write(m.config, 'a = 1\n\nb = = 2\n'), /line 3/],
    ['a directory in its place', (m) => mkdirSync(m.config, { recursive: true }), /not a file/],
    ['a read-only file', (m) => m.write(m.config, 'a = 1\n', 0o444), /read-only/],
    ['a link to nothing', (m) => m.link('/nowhere', m.config), /link/],
    ['what is not UTF-8', (m) => m.write(m.config, Buffer.from([0x23, 0xff, 0xfe])), /UTF-8/],
    [
      'an inline table',
      (m) => m.write(m.config, 'mcp_servers = { a = { command = "x" } }\n'),
      /inline/,
    ],
    ['a file in place of the skill', (m) => m.write(m.skill, 'x'), /directory/],
    ['a file in place of the home', (m) => m.write(join(m.dir, 'home/.codex'), 'x'), /director/],
  ];
  it.each(cases)('%s', async (_, prepare, message) => {
    const machine = new Machine();
    prepare(machine);
    const before = snapshot(join(machine.dir, 'home'));
    await expect(machine.setup()).rejects.toThrow(message);
    expect(snapshot(join(machine.dir, 'home'))).toEqual(before);
  });

  it('a file that somebody has changed since the preview', async () => {
    const machine = new Machine();
    machine.write(machine.config, 'a = 1\n');
    const { applyPlan } = await import('../../src/setup/setup.ts');
    const plan = await machine.plan();
    machine.write(machine.config, 'a = 2\n');
    await expect(applyPlan(machine.host, plan)).rejects.toThrow(/just now/);
    expect(textOf(machine.config)).toBe('a = 2\n');
  });
});

it('writes through a symbolic link and keeps the mode', async () => {
  const machine = new Machine();
  const real = join(machine.dir, 'dotfiles/codex.toml');
  machine.write(real, 'a = 1\n');
  chmodSync(real, 0o640);
  machine.link(real, machine.config);
  await machine.setup();
  expect(lstatSync(machine.config).isSymbolicLink()).toBe(true);
  expect(textOf(real)).toContain(OURS);
  expect(statSync(real).mode & 0o777).toBe(0o640);
  await machine.uninstall();
  expect(textOf(real)).toBe('a = 1\n');
});

describe('the skill', () => {
  it('is one lean tree with exactly one SKILL.md', async () => {
    const machine = new Machine();
    await machine.setup();
    const files = readdirSync(machine.skill, { recursive: true }).map(String);
    expect(files.filter((file) => file.endsWith('SKILL.md'))).toEqual(['SKILL.md']);
    expect(files).toContain('skill/references/tools.md');
  });

  it('follows an upgrade, but for files the user has changed or added', async () => {
    const machine = new Machine();
    await machine.setup();
    const source = join(machine.installation, 'SKILL.md');
    machine.write(join(machine.skill, 'skill/references/tools.md'), 'my own notes');
    machine.write(join(machine.skill, 'mine.md'), 'mine');
    machine.write(source, `${textOf(source)}\nnew line\n`);
    machine.write(join(machine.installation, 'skill/references/new.md'), 'new');
    const plan = await machine.setup();
    expect(textOf(join(machine.skill, 'SKILL.md'))).toContain('new line');
    expect(textOf(join(machine.skill, 'skill/references/tools.md'))).toBe('my own notes');
    expect(plan.notes).toMatchObject([{ level: 'kept' }]);
    rmSync(join(machine.installation, 'skill/references/new.md'));
    await machine.setup();
    expect(existsSync(join(machine.skill, 'skill/references/new.md'))).toBe(false);
    const removal = await machine.uninstall();
    expect(readdirSync(machine.skill, { recursive: true }).map(String).sort()).toEqual([
      'mine.md',
      'skill',
      'skill/references',
      'skill/references/tools.md',
    ]);
    expect(removal.notes).toMatchObject([{ level: 'kept' }]);
  });

  it("that is a link to the user's own clone stays one", async () => {
    const machine = new Machine();
    machine.link(machine.installation, machine.skill);
    const plan = await machine.setup();
    expect(lstatSync(machine.skill).isSymbolicLink()).toBe(true);
    expect(plan.notes).toMatchObject([{ level: 'kept' }]);
  });
});

/** Every file below a directory with its content. */
function snapshot(directory: string): Record<string, string> {
  if (!existsSync(directory)) return {};
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, entry.isFile() ? readFileSync(path).toString('hex') : 'other'];
    }),
  );
}
