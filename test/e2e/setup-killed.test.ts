import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, runProgram } from '../support/controllers.ts';
import { REPOSITORY } from '../support/lab.ts';
import { scratch } from '../support/scratch.ts';

const BEFORE = '# mine\nmodel = "a"';

/** Kills its process just before or just after the nth file comes into its place. */
const KILLER = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const { rename } = fs;
let left = Number(process.env.KILL_AT);
const kill = () => process.kill(process.pid, 'SIGKILL');
fs.rename = async (...args) => {
  left -= 1;
  if (left === 0 && process.env.KILL_WHEN === 'before') kill();
  await rename(...args);
  if (left === 0) kill();
};
syncBuiltinESMExports();
`;

type Options = { bin?: string; env?: Record<string, string> };

class User {
  readonly home = scratch();
  readonly #env = { HOME: this.home, PATH: '/usr/bin:/bin' };

  constructor() {
    mkdirSync(join(this.home, '.codex'));
    writeFileSync(join(this.home, '.codex/config.toml'), BEFORE);
  }

  async run(command: string, { bin = BIN, env = {} }: Options = {}): Promise<void> {
    const args = [bin, command, '--client', 'codex', '--yes'];
    const { exitCode, stderr } = await runProgram(process.execPath, args, {
      cwd: this.home,
      env: { ...this.#env, ...env },
    });
    if ('KILL_AT' in env) expect(exitCode).toBe(null);
    else expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  }

  killed(command: string, killer: string, at: number, when: string): Promise<void> {
    const env = { NODE_OPTIONS: `--import ${killer}`, KILL_AT: `${at}`, KILL_WHEN: when };
    return this.run(command, { env });
  }

  /** Everything of Codex. */
  files(): string[] {
    const codex = join(this.home, '.codex');
    return readdirSync(codex, { recursive: true }).map(String).sort();
  }

  expectAsBefore(about: string): void {
    expect(this.files(), about).toEqual(['config.toml']);
    expect(readFileSync(join(this.home, '.codex/config.toml'), 'utf8'), about).toBe(BEFORE);
    expect(existsSync(join(this.home, '.cc-orchestrator/setup/installed.json')), about).toBe(false);
  }
}

/** Two copies, the record, the configuration, the record twice, the files of the skill, the record. */
const MOMENTS = [1, 3, 4, 5, 6, 7, 9];

test.each(['before', 'after'])(
  'killed %s a file comes into its place, setup can be finished and taken back',
  async (when) => {
    const killer = join(scratch(), 'killer.mjs');
    writeFileSync(killer, KILLER);
    const moved = join(scratch(), 'older');
    for (const name of ['dist', 'install', 'skill', 'SKILL.md']) {
      cpSync(join(REPOSITORY, name), join(moved, name), { recursive: true });
    }
    writeFileSync(join(moved, 'SKILL.md'), 'an older skill');
    const older = { bin: join(moved, 'dist/cc-orchestrator.js') };
    for (const at of MOMENTS) {
      const [fresh, again, upgraded] = [new User(), new User(), new User()];
      await upgraded.run('setup', older);
      // An upgrade replaces fewer files.
      const moments = [at, at, Math.min(at, 5)] as const;
      await Promise.all(
        [fresh, again, upgraded].map((user, index) =>
          user.killed('setup', killer, moments[index] ?? at, when),
        ),
      );
      await again.run('setup');
      for (const [who, user] of Object.entries({ fresh, again, upgraded })) {
        await user.run('uninstall');
        user.expectAsBefore(`${who}, killed ${when} file ${at}`);
      }
    }
  },
);
