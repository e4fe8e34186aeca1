import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab, REPOSITORY } from '../support/lab.ts';

let lab: Lab | undefined;
afterEach(async () => {
  expect((await lab?.close()) ?? []).toEqual([]);
  lab = undefined;
});

test('the bundles are plain ASCII, which V8 loads in less than half the time', () => {
  const dist = join(REPOSITORY, 'dist');
  const files = readdirSync(dist).filter((name) => name.endsWith('.js'));
  expect(files).toContain('supervisor.js');
  for (const name of files) {
    expect(
      readFileSync(join(dist, name)).some((byte) => byte > 0x7f),
      name,
    ).toBe(false);
  }
});

// What is loaded on demand behaves differently in a bundle than from the sources.
test('every command of the bundle loads what it needs', async () => {
  lab = await Lab.open([]);
  const { home } = lab.host();
  mkdirSync(home.root, { recursive: true, mode: 0o700 });
  writeFileSync(home.policy, 'max_concurrent: 3\npreferred:\n  review: { profile: "env:lab" }\n');
  lab.write('README.md', 'changed\n');
  const commands: Record<string, RegExp> = {
    healthcheck: /at most 3 runs per profile/,
    'pick-profile --role review': /env:lab/,
    'list-profiles --all': /official/,
    'init-workspace': /workspace/,
    'workspace-status': /initialised: true/,
    'folder-policy': /principle/,
    'git-diff': /modified README.md \(\+1 -1\)/,
    'run-status': /active: 0/,
    'run-agent x --dry-run': /dry_run: true/,
  };
  for (const [command, expected] of Object.entries(commands)) {
    const { exitCode, stdout, stderr } = await runProgram(
      process.execPath,
      [BIN, ...command.split(' ')],
      { cwd: lab.project, env: lab.env },
    );
    expect(stderr, command).toBe('');
    expect(exitCode, command).toBe(0);
    expect(stdout, command).toMatch(expected);
  }
});
