import { stat } from 'node:fs/promises';
import { CcError } from '../core/errors.ts';
import { type ExplicitRepository, gitEnvironment, type SourceEnvironment } from './environment.ts';
import { FIXED_SETTINGS, isHardened, type Setting, settingsFor } from './hardening.ts';
import { type GitOutput, type RunOptions, runGit } from './run.ts';

export type Git = {
  readonly cwd: string;
  run(args: readonly string[], options?: RunOptions): Promise<GitOutput>;
  /** Standard output as text, without the newline at its end. */
  text(args: readonly string[], options?: RunOptions): Promise<string>;
};

/**
 * Git in `cwd`, with every way a configuration could make it start a program closed. Names of
 * drivers are free, so the configuration is listed first (which runs nothing) and each dangerous
 * key found is overridden. Open it for one operation and drop it: a key added later is not covered.
 *
 * `env` is where the allowed names are taken from; nothing else is inherited.
 */
export async function openGit(
  cwd: string,
  {
    env = process.env,
    repository,
  }: { env?: SourceEnvironment; repository?: ExplicitRepository } = {},
): Promise<Git> {
  const isDirectory = await stat(cwd).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isDirectory) {
    throw new CcError('NOT_A_DIRECTORY', `Not a directory: ${cwd}`, {
      hint: 'Pass an existing directory.',
    });
  }
  const first = gitIn(cwd, gitEnvironment(env, FIXED_SETTINGS, repository));
  const keys = await first.run(['config', '--list', '--name-only', '-z', '--includes']);
  if (!isHardened(keys.stdout)) {
    throw new CcError('COMMAND_FAILED', 'This git is too old to be run safely.', {
      hint: 'Install git 2.31 or newer and make sure it comes first on PATH.',
    });
  }
  const settings: Setting[] = settingsFor(keys.stdout);
  return gitIn(cwd, gitEnvironment(env, settings, repository));
}

function gitIn(cwd: string, environment: Record<string, string>): Git {
  const run: Git['run'] = (args, options = {}) => runGit(cwd, environment, args, options);
  return {
    cwd,
    run,
    text: async (args, options) => {
      const { stdout } = await run(args, options);
      return stdout.toString('utf8').replace(/\n$/, '');
    },
  };
}
