import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Check } from '../../src/health/check.ts';
import type { ModelCall } from '../../src/loopback/index.ts';
import { BIN, claudeEnvironment, type Finished, runProgram } from '../support/controllers.ts';
import { CLAUDE, Lab, REPOSITORY, TOKEN } from '../support/lab.ts';
import { probeModel } from '../support/probe-model.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const SKILL = /cc-orchestrator: Delegate coding work/;

/** A user who has both clients, works with them, and has configured Codex by hand. */
async function openUser(): Promise<{ codexConfig: string; before: string }> {
  lab = await Lab.open([]);
  const { HOME = '', PATH = '' } = lab.env;
  lab.env.PATH = `${join(REPOSITORY, 'node_modules/.bin')}:${PATH}`;
  lab.env.LOOP_KEY = TOKEN;
  const codexConfig = join(HOME, '.codex/config.toml');
  const before = `# mine
model = "loopback" # keep
model_provider = "loop"

[model_providers.loop]
name = "loop"
base_url = "${lab.model.url}/v1"
wire_api = "responses"
env_key = "LOOP_KEY"
request_max_retries = 0

[mcp_servers.other]
command = "/bin/false" # fails`;
  write(codexConfig, before);
  write(
    join(HOME, '.claude.json'),
    '{\n    "mcpServers": {"other": {"type": "stdio", "command": "/bin/false", "args": []}}\n}\n',
  );
  return { codexConfig, before };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function orchestrator(...args: string[]): Promise<Finished> {
  return runProgram(process.execPath, [BIN, ...args], { cwd: lab.project, env: lab.env });
}

async function succeeds(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await orchestrator(...args);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout;
}

const askProfiles = (namespace: string) => [
  { tools: [{ namespace, name: 'cc_list_profiles', input: {} }] },
  (call: ModelCall) => ({
    text: `SEEN ${call.toolResults.some(({ text }) => text.includes('env:lab'))}`,
  }),
];

async function codexWorks(): Promise<void> {
  const name = `codex-${Math.random()}`;
  const steps = askProfiles('mcp__cc_orchestrator');
  lab.model.addScript({ name, match: name, api: 'responses', steps });
  const args = ['exec', '--json', '--skip-git-repo-check', name];
  const codex = join(REPOSITORY, 'node_modules/.bin/codex');
  const { stdout } = await runProgram(codex, args, { cwd: lab.project, env: lab.env });
  expect(stdout).toContain('SEEN true');
  const [first] = lab.model.requestsFor(name);
  const body = JSON.stringify(first?.body);
  expect(SKILL.test(body)).toBe(true);
  expect(body.match(/\(file: [^)]*cc-orchestrator[^)]*SKILL\.md\)/g)).toHaveLength(1);
  expect(body.includes('cc_run_streaming_agent')).toBe(true);
}

async function claudeWorks(): Promise<void> {
  const name = `claude-${Math.random()}`;
  const steps = askProfiles('mcp__cc-orchestrator');
  lab.model.addScript({ name, match: name, api: 'messages', steps });
  const args = ['-p', name, '--allowedTools', 'mcp__cc-orchestrator', '--output-format', 'json'];
  const { stdout } = await runProgram(CLAUDE, args, {
    cwd: lab.project,
    env: claudeEnvironment(lab),
  });
  expect(stdout).toContain('SEEN true');
  const body = JSON.stringify(lab.model.requestsFor(name)[0]?.body);
  expect(SKILL.test(body)).toBe(true);
  expect(body.includes('mcp__cc-orchestrator__cc_run_streaming_agent')).toBe(true);
}

function servers(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(lab.env.HOME ?? '', '.claude.json'), 'utf8')).mcpServers;
}

test('after setup both real clients have tools and skill; after uninstall all is as it was', async () => {
  const { codexConfig, before } = await openUser();
  const home = lab.env.HOME ?? '';
  const claudeBefore = readFileSync(join(home, '.claude.json'), 'utf8');
  const preview = await succeeds('setup', '--dry-run', '--approve');
  expect(preview).toContain('+[mcp_servers.cc-orchestrator]');
  expect(preview).toContain('claude mcp add-json --scope user cc-orchestrator');
  expect(readFileSync(codexConfig, 'utf8')).toBe(before);

  const refused = await orchestrator('setup');
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') });
  await succeeds('setup', '--yes', '--approve');
  expect(await succeeds('setup', '--yes')).toContain('Nothing to do');
  expect(readFileSync(codexConfig, 'utf8').startsWith(before)).toBe(true);
  // Nobody has written since: every byte can be given back.
  await succeeds('uninstall', '--yes');
  expect(readFileSync(codexConfig, 'utf8')).toBe(before);
  expect(readFileSync(join(home, '.claude.json'), 'utf8')).toBe(claudeBefore);

  // On a busy machine our server may take longer than Codex waits by default.
  await succeeds('setup', '--yes', '--approve', '--startup-grace');
  await codexWorks();
  await claudeWorks();

  const { stdout } = await orchestrator('doctor', '--json', '--strict');
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
  expect(ok).toBe(true);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['codex_client', 'claude_start', 'worker_abilities', 'codex_abilities']),
  );

  // The clients have rewritten their files by now, and the user changes the skill.
  const skill = join(home, '.claude/skills/cc-orchestrator/SKILL.md');
  write(skill, `${readFileSync(skill, 'utf8')}\nMy own rule.\n`);
  const again = await succeeds('setup', '--yes');
  expect(again).toContain(`kept: ${skill}`);
  await succeeds('uninstall', '--yes');
  expect(readFileSync(codexConfig, 'utf8')).toBe(before);
  expect(Object.keys(servers())).toEqual(['other']);
  expect(readFileSync(skill, 'utf8')).toContain('My own rule.');
  expect(existsSync(join(home, '.codex/skills/cc-orchestrator'))).toBe(false);
});

test('an upgrade over a file of Claude Code that has grown since takes away only what is ours', async () => {
  await openUser();
  const config = join(lab.env.HOME ?? '', '.claude.json');
  rmSync(config);
  await succeeds('setup', '--yes', '--client', 'claude');
  write(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), mine: 1 }));
  const moved = join(lab.dir, 'moved');
  for (const name of ['dist', 'install', 'skill', 'SKILL.md']) {
    cpSync(join(REPOSITORY, name), join(moved, name), { recursive: true });
  }
  const bin = join(moved, 'dist/cc-orchestrator.js');
  const run = (...args: string[]) =>
    runProgram(process.execPath, [bin, ...args], { cwd: lab.project, env: lab.env });
  expect(await run('setup', '--yes', '--client', 'claude')).toMatchObject({ exitCode: 0 });
  expect(JSON.stringify(servers())).toContain(bin);
  expect(await run('uninstall', '--yes')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(readFileSync(config, 'utf8'))).toMatchObject({ mine: 1, mcpServers: {} });
});

test('the preview of uninstall shows nothing of what Claude Code has written of itself', async () => {
  await openUser();
  const config = join(lab.env.HOME ?? '', '.claude.json');
  const mine =
    '{"apiKeyHelper": "/bin/my-helper", "mcpServers": {"other": {"command": "x", "env": {"K": "val-1"}}}}';
  for (const before of [undefined, mine]) {
    rmSync(config);
    if (before !== undefined) write(config, before);
    await succeeds('setup', '--yes', '--client', 'claude');
    expect(readFileSync(config, 'utf8')).toContain('machineID');
    const preview = await succeeds('uninstall', '--dry-run', '--client', 'claude');
    expect(preview).toContain('-mcpServers.cc-orchestrator');
    expect(preview).not.toMatch(/machineID|my-helper|val-1|firstStart/);
    await succeeds('uninstall', '--yes', '--client', 'claude');
    expect(existsSync(config) ? readFileSync(config, 'utf8') : undefined).toBe(before);
    if (before === undefined) write(config, '');
  }
});

test('writes where CLAUDE_CONFIG_DIR says, also when nothing is there yet', async () => {
  await openUser();
  lab.env.CLAUDE_CONFIG_DIR = join(lab.dir, 'elsewhere/claude');
  await succeeds('setup', '--yes', '--client', 'claude');
  const config = join(lab.env.CLAUDE_CONFIG_DIR, '.claude.json');
  expect(readFileSync(config, 'utf8')).toContain('cc-orchestrator');
  await succeeds('uninstall', '--yes', '--client', 'claude');
  expect(existsSync(config)).toBe(false);
  expect(Object.keys(servers())).toEqual(['other']);
});

test('uninstall keeps what a session of Claude Code wrote while setup was running', async () => {
  await openUser();
  const config = join(lab.env.HOME ?? '', '.claude.json');
  const busy = join(lab.dir, 'claude');
  const session = `const fs=require('fs'),p=process.env.HOME+'/.claude.json',d=JSON.parse(fs.readFileSync(p));d.projects={'/x':{cost:1}};fs.writeFileSync(p,JSON.stringify(d))`;
  write(
    busy,
    `#!/bin/sh\n'${CLAUDE}' "$@"\nstatus=$?\n[ "$1" = mcp ] && node -e "${session}"\nexit $status\n`,
  );
  chmodSync(busy, 0o755);
  lab.env.CC_CLAUDE_PATH = busy;
  await succeeds('setup', '--yes', '--client', 'claude');
  await succeeds('uninstall', '--yes', '--client', 'claude');
  expect(Object.keys(servers())).toEqual(['other']);
  expect(JSON.parse(readFileSync(config, 'utf8')).projects).toEqual({ '/x': { cost: 1 } });
});

test('uninstall takes only what is ours after both clients have rewritten their files', async () => {
  const { codexConfig } = await openUser();
  await succeeds('setup', '--yes', '--approve', '--startup-grace');
  const codex = join(REPOSITORY, 'node_modules/.bin/codex');
  const added = await runProgram(codex, ['mcp', 'add', 'mine', '--', '/bin/false'], {
    cwd: lab.project,
    env: lab.env,
  });
  expect(added.exitCode).toBe(0);
  const args = ['mcp', 'add', '--scope', 'user', 'mine', '--', '/bin/false'];
  expect(await runProgram(CLAUDE, args, { cwd: lab.project, env: lab.env })).toMatchObject({
    exitCode: 0,
  });
  expect(readFileSync(codexConfig, 'utf8')).toContain('[mcp_servers.cc-orchestrator]');
  await succeeds('uninstall', '--yes');
  const left = readFileSync(codexConfig, 'utf8');
  expect(left).toContain('[mcp_servers.mine]');
  expect(left).toContain('[mcp_servers.other]');
  expect(left).not.toMatch(/cc[-_]orchestrator|startup_grace/);
  expect(Object.keys(servers()).sort()).toEqual(['mine', 'other']);
  expect(existsSync(join(lab.env.HOME ?? '', '.codex/skills/cc-orchestrator'))).toBe(false);
});

test('uninstall names what projects hold, and takes it only when told', async () => {
  await openUser();
  const guide = join(lab.project, 'CLAUDE.md');
  write(guide, '# Mine');
  await succeeds('write-claude-md', '--agents', '--apply');
  const elsewhere = { cwd: lab.env.HOME ?? '', env: lab.env };
  const uninstall = (...args: string[]) =>
    runProgram(process.execPath, [BIN, 'uninstall', ...args], elsewhere);
  const { stdout, exitCode } = await uninstall('--dry-run');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('-> cc-orchestrator uninstall --projects\n');
  write(join(lab.project, '.mcp.json'), '{"mcpServers": {"cc-orchestrator": {"command": "x"}}}');
  const { stdout: ofClaude } = await uninstall('--client', 'claude', '--dry-run');
  expect(ofClaude).toContain('-> cc-orchestrator uninstall --client claude --projects\n');
  expect(ofClaude).not.toContain('-> cc-orchestrator uninstall --projects');
  for (const name of ['CLAUDE.md', 'AGENTS.md']) {
    expect(stdout).toContain(`kept: ${join(lab.project, name)} holds a section`);
  }
  const [command] = /(?<=-> cd )(\S+) && cc-orchestrator (.*--client codex.*)/.exec(stdout) ?? [];
  const [directory = '', args = ''] = command?.split(' && cc-orchestrator ') ?? [];
  const one = await runProgram(process.execPath, [BIN, ...args.split(' '), '--yes'], {
    ...elsewhere,
    cwd: directory,
  });
  expect(one).toMatchObject({ exitCode: 0, stderr: '' });
  expect(existsSync(join(lab.project, 'AGENTS.md'))).toBe(false);
  expect(readFileSync(guide, 'utf8')).toContain('Delegated work');
  expect(await uninstall('--projects', '--yes')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(readFileSync(guide, 'utf8')).toBe('# Mine');
});

test.each([
  ['an able model', {}, 0, 'pass'],
  ['one without tools', { noTools: true }, 1, 'fail'],
] as const)('doctor --live asks every usable profile: %s', async (_, quirks, code, status) => {
  lab = await Lab.open([probeModel(quirks)]);
  const { exitCode, stdout } = await orchestrator('doctor', '--live', '--json');
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  const live = checks.find(({ name }) => name === 'live env:lab');
  expect(live).toMatchObject({ status });
  if (status === 'fail') expect(live?.fix).toBeTypeOf('string');
  expect(exitCode).toBe(code);
});

test.each([
  ['.codex/config.toml', 'a = 1\nb = = 2\n', /line 2/],
  ['.claude.json', '{\n  "a": 1,,\n}', /line 2/],
])('an invalid %s is named with its line, and nothing is touched', async (file, text, message) => {
  const { codexConfig, before } = await openUser();
  const path = join(lab.env.HOME ?? '', file);
  write(path, text);
  const { exitCode, stderr } = await orchestrator('setup', '--yes');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
  expect(readFileSync(path, 'utf8')).toBe(text);
  if (path !== codexConfig) expect(readFileSync(codexConfig, 'utf8')).toBe(before);
  expect(existsSync(join(lab.env.HOME ?? '', '.cc-orchestrator/setup'))).toBe(false);
});
