import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type CountedGit = {
  /** PATH with a git in front that notes each of its starts. */
  path: string;
  /** The commands started since the last call. */
  take(): string[];
};

export function countedGit(directory: string, path = process.env.PATH ?? ''): CountedGit {
  const bin = join(directory, 'counted-git');
  const log = join(directory, 'counted-git.log');
  mkdirSync(bin);
  appendFileSync(log, '');
  const script = `#!/bin/sh\nPATH='${path}'\nprintf '%s\\n' "$1" >> '${log}'\nexec git "$@"\n`;
  writeFileSync(join(bin, 'git'), script);
  chmodSync(join(bin, 'git'), 0o755);
  return {
    path: `${bin}:${path}`,
    take: () => {
      const commands = readFileSync(log, 'utf8').split('\n').slice(0, -1);
      writeFileSync(log, '');
      return commands;
    },
  };
}
