import { CcError } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { neutralise } from '../core/text.ts';

const STDERR_TAIL = 2_000;

/** What a failed git command means to a caller. Git speaks English here (LC_ALL=C). */
export function gitFailure(
  args: readonly string[],
  cwd: string,
  exitCode: number,
  stderr: string,
  cause: unknown,
): CcError {
  const tail = redact(neutralise(stderr)).trim().slice(-STDERR_TAIL);
  const command = `git ${args[0] ?? ''}`;
  if (/spawn \S*git\S* ENOENT/.test(stderr)) {
    return new CcError('COMMAND_FAILED', 'git was not found.', {
      hint: 'Install git 2.31 or newer and make sure it is on PATH.',
    });
  }
  if (/dubious ownership|unsafe repository/.test(stderr)) {
    return new CcError('COMMAND_FAILED', `The repository at ${cwd} belongs to another user.`, {
      hint: 'If you trust it: git config --global --add safe.directory <repository>',
      details: { stderr: tail },
    });
  }
  if (/not a git repository|must be run in a work tree|cannot use bare repository/.test(stderr)) {
    return notARepository(cwd, tail);
  }
  if (/Unable to create '.*\.lock': File exists/.test(stderr)) {
    return new CcError('BUSY', `Another git process works in ${cwd}.`, {
      hint: 'Wait for it to end; if none is running, remove the stale .lock file git names.',
      retryable: true,
      details: { stderr: tail },
    });
  }
  if (/No space left on device|Disk quota exceeded/.test(stderr)) {
    return new CcError('STORAGE_FULL', `${command} could not write: the disk is full.`, {
      hint: 'Free some disk space, then call again.',
      retryable: true,
    });
  }
  const reason = tail === '' && cause instanceof Error ? redact(cause.message) : tail;
  return new CcError('COMMAND_FAILED', `${command} failed: ${reason.split('\n')[0] ?? ''}`, {
    hint: `Run the same command in ${cwd} to see the whole answer of git.`,
    details: { exit_code: exitCode, stderr: tail },
  });
}

export function notARepository(cwd: string, stderr?: string): CcError {
  return new CcError('NOT_A_GIT_REPOSITORY', `No git working tree at ${cwd}`, {
    hint: 'Pass a cwd inside a git working tree, or run `git init` there first.',
    ...(stderr === undefined ? {} : { details: { stderr } }),
  });
}

export function gitTimeout(args: readonly string[], timeoutMs: number): CcError {
  return new CcError('TIMED_OUT', `git ${args[0] ?? ''} did not end within ${timeoutMs} ms.`, {
    hint: 'Add generated directories to .gitignore, or look at a smaller directory.',
    retryable: true,
  });
}
