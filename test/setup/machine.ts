import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import type { SetupOptions } from '../../src/setup/plan.ts';
import { applyPlan, planSetup, planUninstall, type SetupPlan } from '../../src/setup/setup.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { REPOSITORY } from '../support/lab.ts';
import { scratch } from '../support/scratch.ts';

const OPTIONS: SetupOptions = { clients: ['codex'], scope: 'user', replace: false };

/** A user with a home, a project, and an installation that can be upgraded. */
export class Machine {
  readonly dir = scratch();
  readonly project = join(this.dir, 'project');
  readonly installation = join(this.dir, 'lib');
  readonly env: Record<string, string> = { HOME: join(this.dir, 'home'), PATH: '/usr/bin:/bin' };
  readonly host: Host;

  constructor() {
    for (const name of ['SKILL.md', 'skill', 'install']) {
      cpSync(join(REPOSITORY, name), join(this.installation, name), { recursive: true });
    }
    this.write(join(this.installation, 'dist/cc-orchestrator.js'), '');
    mkdirSync(this.project, { recursive: true });
    this.host = {
      env: this.env,
      clock: systemClock,
      home: userHome(this.env),
      supervisor: { file: process.execPath, args: [] },
      cli: { file: process.execPath, args: [join(this.installation, 'dist/cc-orchestrator.js')] },
      readOnly: false,
    };
  }

  get config(): string {
    return join(this.dir, 'home/.codex/config.toml');
  }

  get skill(): string {
    return join(this.dir, 'home/.codex/skills/cc-orchestrator');
  }

  write(path: string, text: string | Buffer, mode?: number): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    if (mode !== undefined) chmodSync(path, mode);
  }

  link(target: string, path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }

  plan(options: Partial<SetupOptions> = {}): Promise<SetupPlan> {
    return planSetup(this.host, this.project, { ...OPTIONS, ...options });
  }

  async setup(options: Partial<SetupOptions> = {}): Promise<SetupPlan> {
    const plan = await this.plan(options);
    await applyPlan(this.host, plan);
    return plan;
  }

  async uninstall(options: Partial<SetupOptions> = {}): Promise<SetupPlan> {
    const plan = await planUninstall(this.host, this.project, { ...OPTIONS, ...options });
    await applyPlan(this.host, plan);
    return plan;
  }
}

export function changesOf(plan: SetupPlan): string[] {
  return plan.parts.flatMap((part) => part.changes.map(({ path }) => path));
}

export function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}
