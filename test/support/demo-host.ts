import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { REPOSITORY } from './lab.ts';
import { removeTree } from './remove-tree.ts';

/** A user who calls the demo or the self-test, with a directory for temporary files of their own. */
export type DemoCaller = {
  host: Host;
  /** What is left in the temporary directory. */
  left(): string[];
  /** What is left in the user's home. */
  touched(): string[];
  /** Processes that got anything of this caller's temporary directory to work with. */
  processes(): number[];
};

export function demoCaller(claude: string): DemoCaller {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cc-caller-')));
  onTestFinished(() => removeTree(root));
  const directory = (name: string) => mkdtempSync(join(root, `${name}-`));
  const [home, tmp] = [directory('h'), directory('t')];
  const env = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: home,
    TMPDIR: tmp,
    CC_CLAUDE_PATH: claude,
    // Must not get through to any worker.
    ANTHROPIC_BASE_URL: 'https://elsewhere.invalid',
    ANTHROPIC_AUTH_TOKEN: 'a-token-of-the-user',
  };
  const host: Host = {
    env,
    clock: systemClock,
    home: userHome(env),
    supervisor: { file: process.execPath, args: [join(REPOSITORY, 'dist', 'supervisor.js')] },
    readOnly: false,
  };
  return {
    host,
    left: () => readdirSync(tmp),
    touched: () => readdirSync(home),
    processes: () =>
      readdirSync(tmp).flatMap((name) =>
        findByCookie('TMPDIR', join(tmp, name, 't')).map(({ pid }) => pid),
      ),
  };
}

/** An output that keeps what was written. */
export class Paper {
  text = '';
  readonly columns: number | undefined;

  constructor(columns?: number) {
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): string[] {
    return this.text.split('\n');
  }
}
