import { stat } from 'node:fs/promises';
import { CcError } from '../core/errors.ts';
import { type ExplicitRepository, gitEnvironment, type SourceEnvironment } from './environment.ts';
import { FIXED_SETTINGS, isHardened, settingsFor } from './hardening.ts';
import { isOwnRepository } from './own-config.ts';
import { type GitOutput, type RunOptions, runGit } from './run.ts';

export type Git = {
  readonly cwd: string;
  run(args: readonly string[], options?: RunOptions): Promise<GitOutput>;
  /** Standard output as text, without the newline at its end. */
  text(args: readonly string[], options?: RunOptions): Promise<string>;
};

/**
 * Git in `cwd`, with every way a configuration could make it start a program closed. Names of
 * drivers are free, so the configuration is listed (which runs nothing) and each dangerous key found
 * is overridden. Open it for one operation and drop it: a key added later is not covered.
 *
 * Listing costs a process, and is left out where it could find nothing:
 * - in a private repository of ours. Its configuration is read anew each time, is taken only where every
 *   line of it is one we write ourselves (`isOwnConfig`), and git then reads no other one. Whatever
 *   else somebody has written there is listed like that of any repository;
 * - for commands that start no program whatever a driver is called (`STARTS_NOTHING`). The listing
 *   waits for the first other command, so nothing that came in between is missed.
 * Neither remembers anything of a configuration, so there is nothing a worker could make outdated.
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
  await requireHardening(cwd, env);
  const isOwn = repository !== undefined && (await isOwnRepository(repository.gitDir));
  const fixed = gitEnvironment(env, FIXED_SETTINGS, repository, { closed: isOwn });
  if (isOwn) return gitIn(cwd, async () => fixed);
  let listed: Promise<Record<string, string>> | undefined;
  const list = async () => {
    const keys = await runGit(cwd, fixed, LIST_KEYS, {});
    if (!isHardened(keys.stdout)) throw tooOld();
    return gitEnvironment(env, settingsFor(keys.stdout), repository);
  };
  return gitIn(cwd, async ([command = '']) => {
    if (STARTS_NOTHING.has(command)) return fixed;
    listed ??= list();
    return listed;
  });
}

const LIST_KEYS = ['config', '--list', '--name-only', '-z', '--includes'];

/**
 * They read configuration and references: no file of the working tree, no index and no object of a
 * remote, so neither driver nor hook nor helper has a part in them, and a pager needs a terminal.
 */
const STARTS_NOTHING: ReadonlySet<string> = new Set(['config', 'rev-parse', 'symbolic-ref']);

/** By PATH; which git is there does not change while we run. */
const proofs = new Map<string, Promise<void>>();

/** No repository, so that none can spoil the proof. */
const NOWHERE: ExplicitRepository = { gitDir: '/dev/null', workTree: '/' };

/** Proof that this git listens to our settings at all. */
function requireHardening(cwd: string, env: SourceEnvironment): Promise<void> {
  const path = gitEnvironment(env, []).PATH ?? '';
  const known = proofs.get(path);
  if (known !== undefined) return known;
  const proof = (async () => {
    const closed = gitEnvironment(env, FIXED_SETTINGS, NOWHERE, { closed: true });
    const keys = await runGit(cwd, closed, LIST_KEYS, {});
    if (!isHardened(keys.stdout)) throw tooOld();
  })();
  proofs.set(path, proof);
  // Somebody may install another git.
  proof.catch(() => proofs.delete(path));
  return proof;
}

function tooOld(): CcError {
  return new CcError('COMMAND_FAILED', 'This git is too old to be run safely.', {
    hint: 'Install git 2.31 or newer and make sure it comes first on PATH.',
  });
}

function gitIn(
  cwd: string,
  environmentFor: (args: readonly string[]) => Promise<Record<string, string>>,
): Git {
  const run: Git['run'] = async (args, options = {}) =>
    runGit(cwd, await environmentFor(args), args, options);
  return {
    cwd,
    run,
    text: async (args, options) => {
      const { stdout } = await run(args, options);
      return stdout.toString('utf8').replace(/\n$/, '');
    },
  };
}
