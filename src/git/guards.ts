import type { SimpleGitOptions } from 'simple-git';
import { CcError } from '../core/errors.ts';

/**
 * simple-git refuses configuration that names programs, and any GIT_ variable. Each category
 * here is one that `hardening.ts` sets to a value that starts nothing; the guards on arguments
 * (--upload-pack, --exec, -C, --git-dir, …) stay on.
 */
export const GUARDS = {
  maxConcurrentProcesses: 4,
  unsafe: {
    allowUnsafeConfigEnvCount: true,
    allowUnsafeAlias: true,
    allowUnsafeAskPass: true,
    allowUnsafeCommandBinaries: true,
    allowUnsafeCredentialHelper: true,
    allowUnsafeDiffExternal: true,
    allowUnsafeDiffTextConv: true,
    allowUnsafeEditor: true,
    allowUnsafeFilter: true,
    allowUnsafeFsMonitor: true,
    allowUnsafeGitProxy: true,
    allowUnsafeGpgProgram: true,
    allowUnsafeHooksPath: true,
    allowUnsafeMergeDriver: true,
    allowUnsafePack: true,
    allowUnsafePager: true,
    allowUnsafeProtocolOverride: true,
    allowUnsafeSshCommand: true,
    allowUnsafeSubmodule: true,
    // No setting of ours has these names, but a driver may be called `include.path` or `url.insteadof`.
    allowUnsafeInclude: true,
    allowUnsafeTemplateDir: true,
    allowUnsafeUrlRewrite: true,
  },
} satisfies Partial<SimpleGitOptions>;

// An empty `diff.external` or textconv still counts as configured, so these need the flag as well.
const NO_DRIVERS = ['--no-ext-diff', '--no-textconv'];
const SHALLOW_SUBMODULES = '--ignore-submodules=dirty';
const SAFE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  diff: [...NO_DRIVERS, SHALLOW_SUBMODULES, '--submodule=short'],
  'diff-files': [...NO_DRIVERS, SHALLOW_SUBMODULES],
  'diff-index': [...NO_DRIVERS, SHALLOW_SUBMODULES],
  'diff-tree': NO_DRIVERS,
  log: [...NO_DRIVERS, '--submodule=short'],
  show: [...NO_DRIVERS, '--submodule=short'],
  blame: ['--no-textconv'],
  grep: ['--no-textconv'],
  status: [SHALLOW_SUBMODULES],
};

/** The command must come first, so that no `-c` or `--exec-path` can slip in front of it. */
export function withSafeFlags(args: readonly string[]): string[] {
  const [command = '', ...rest] = args;
  if (!/^[a-z][a-z-]*$/.test(command)) {
    throw new CcError('INTERNAL', `Not a git command: ${JSON.stringify(command)}`);
  }
  return [command, ...(SAFE_FLAGS[command] ?? []), ...rest];
}
