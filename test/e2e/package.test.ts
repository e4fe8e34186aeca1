import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelCall } from '../../src/loopback/index.ts';
import { type Finished, loopbackProvider, runProgram } from '../support/controllers.ts';
import { CLAUDE, Lab, REPOSITORY, TOKEN } from '../support/lab.ts';

/** docs/install.md states it. */
const MOST_PACKED_BYTES = 2_200_000;
const SKILL = /cc-orchestrator: Delegate coding work/;

let lab: Lab;
let tarball: string;
/** The unpacked package, in a place that has no node_modules anywhere above it. */
let root: string;

beforeAll(async () => {
  lab = await Lab.open([]);
  const env = { PATH: process.env.PATH ?? '', HOME: lab.env.HOME ?? '' };
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', lab.dir];
  execFileSync('npm', args, { cwd: REPOSITORY, env });
  tarball = join(lab.dir, readdirSync(lab.dir).find((name) => name.endsWith('.tgz')) ?? '');
  execFileSync('tar', ['xzf', tarball, '-C', lab.dir]);
  root = join(lab.dir, 'package');
});
afterAll(async () => {
  expect(await lab.close()).toEqual([]);
});

function files(): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function packaged(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  return runProgram(process.execPath, [join(root, 'dist/cc-orchestrator.js'), ...args], {
    cwd: lab.project,
    env: { ...lab.env, ...env },
  });
}

describe('the tarball', () => {
  test('holds what is needed and nothing else', () => {
    expect(statSync(tarball).size).toBeLessThan(MOST_PACKED_BYTES);
    const all = files();
    for (const path of all) {
      expect(path).not.toMatch(
        /^(?:src|test|scripts|node_modules|\.github|AGENTS)|\.(?:ts|map|tgz)$/,
      );
    }
    expect(all.filter((path) => path.endsWith('SKILL.md'))).toEqual(['SKILL.md']);
    const [first] = readFileSync(join(root, 'dist/cc-orchestrator.js'), 'utf8').split('\n');
    expect(first).toBe('#!/usr/bin/env node');
  });

  test('has no link to a file that it lacks', () => {
    for (const path of files().filter((name) => /^(?:docs\/|skill\/)?[^/]*\.md$/.test(name))) {
      const text = readFileSync(join(root, path), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
        expect(existsSync(join(root, dirname(path), target)), `${path}: ${target}`).toBe(true);
      }
    }
  });

  test('runs in an empty place, without node_modules', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(await packaged(['--version'])).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
    expect(await packaged(['healthcheck'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await packaged(['benchmark-suite', '--json'])).toMatchObject({ exitCode: 0 });
    expect((await packaged(['demo', '--replay'])).exitCode).toBe(0);
    const shown = await packaged(['setup', '--dry-run', '--client', 'codex', '--json']);
    expect(shown.stdout).toContain(join(root, 'dist/cc-orchestrator.js'));
  });
});

const ENV = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
};

function claude(...args: string[]): Promise<Finished> {
  const connection = {
    ANTHROPIC_BASE_URL: lab.model.url,
    ANTHROPIC_AUTH_TOKEN: TOKEN,
    ANTHROPIC_MODEL: 'controller-model',
  };
  return runProgram(CLAUDE, args, { cwd: lab.project, env: { ...lab.env, ...ENV, ...connection } });
}

function codex(...args: string[]): Promise<Finished> {
  return runProgram(join(REPOSITORY, 'node_modules/.bin/codex'), args, {
    cwd: lab.project,
    env: { ...lab.env, LOOP_KEY: TOKEN },
  });
}

/** A controller that calls one of our tools by its plugin name and tells whether it worked. */
function script(name: string, api: 'messages' | 'responses', namespace: string) {
  lab.model.addScript({
    name,
    match: name,
    api,
    steps: [
      { tools: [{ namespace, name: 'cc_healthcheck', input: { cwd: lab.project } }] },
      (call: ModelCall) => ({
        text: `SEEN ${call.toolResults.some(({ text }) => text.includes('supervisor'))}`,
      }),
    ],
  });
}

describe('as a plugin', () => {
  let plugin: string;
  beforeAll(async () => {
    plugin = join(lab.dir, 'plugin');
    expect(await packaged(['plugin', plugin])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('its tree has one SKILL.md, and can be written again but over nothing else', async () => {
    const names = readdirSync(plugin, { recursive: true }).map(String);
    const skills = names.filter((name) => name.endsWith('SKILL.md'));
    expect(skills).toEqual(['skills/cc-orchestrator/SKILL.md']);
    expect((await packaged(['plugin', plugin])).exitCode).toBe(0);
    expect(await packaged(['plugin', lab.project])).toMatchObject({ exitCode: 2 });
    expect(lab.read('README.md')).toBe('A scratch project.\n');
  });

  test('Claude Code accepts the manifests and has tools and skill', async () => {
    const manifest = await claude(
      'plugin',
      'validate',
      '--strict',
      join(plugin, '.claude-plugin/plugin.json'),
    );
    expect(manifest).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('passed') });
    const market = await claude('plugin', 'validate', '--strict', plugin);
    expect(market).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('passed') });
    expect((await claude('plugin', 'marketplace', 'add', plugin)).exitCode).toBe(0);
    const added = await claude('plugin', 'install', 'cc-orchestrator@cc-orchestrator');
    expect(added.exitCode).toBe(0);
    script('CLAUDE-PLUGIN', 'messages', 'mcp__plugin_cc-orchestrator_cc');
    const allowed = ['--allowedTools', 'mcp__plugin_cc-orchestrator_cc'];
    expect((await claude('-p', 'CLAUDE-PLUGIN', ...allowed)).stdout).toContain('SEEN true');
    const body = JSON.stringify(lab.model.requestsFor('CLAUDE-PLUGIN')[0]?.body);
    expect(SKILL.test(body)).toBe(true);
  });

  test('Codex starts the server and lists one skill', async () => {
    const config = join(lab.env.HOME ?? '', '.codex');
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'config.toml'), loopbackProvider(lab));
    expect((await codex('plugin', 'marketplace', 'add', plugin)).exitCode).toBe(0);
    expect((await codex('plugin', 'add', 'cc-orchestrator@cc-orchestrator')).exitCode).toBe(0);
    // The user's consent, beside the plugin, as docs/install.md says.
    const consent = '[plugins."cc-orchestrator@cc-orchestrator".mcp_servers.cc-orchestrator.tools.';
    appendFileSync(
      join(config, 'config.toml'),
      `\n${consent}cc_recover_runs]\napproval_mode = "approve"\n`,
    );
    lab.model.addScript({
      name: 'CODEX-APPROVED',
      match: 'CODEX-APPROVED',
      api: 'responses',
      steps: ['cc_recover_runs', 'cc_stop_run'].map((name) => ({
        tools: [{ namespace: 'mcp__cc_orchestrator', name, input: { cwd: lab.project } }],
      })),
    });
    await codex('exec', '--json', '--skip-git-repo-check', 'CODEX-APPROVED');
    const last = lab.model.requestsFor('CODEX-APPROVED').at(-1)?.body;
    expect(JSON.stringify(last).match(/requires approval/g)).toHaveLength(1);
    script('CODEX-PLUGIN', 'responses', 'mcp__cc_orchestrator');
    const exec = await codex('exec', '--json', '--skip-git-repo-check', 'CODEX-PLUGIN');
    expect(exec.stdout).toContain('SEEN true');
    const body = JSON.stringify(lab.model.requestsFor('CODEX-PLUGIN')[0]?.body);
    expect(SKILL.test(body)).toBe(true);
    const ours = body.match(/\(file: [^)]*cc-orchestrator[^)]*SKILL\.md\)/g);
    expect(ours).toHaveLength(1);
    const doctor = await packaged(['healthcheck', '--clients', '--json'], {
      PATH: `${join(REPOSITORY, 'node_modules/.bin')}:${lab.env.PATH}`,
    });
    expect(doctor.stdout).toContain('by its plugin');
  });
});
