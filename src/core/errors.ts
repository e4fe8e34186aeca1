/**
 * The one error class of the product. Handlers throw it; a single boundary in each face formats it.
 *
 * `message` says what is wrong, `hint` says what to do next (with the valid values where there are
 * any), `details` carries facts a program may want. None of them may hold a secret.
 */
export class CcError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      hint?: string;
      retryable?: boolean;
      details?: Record<string, unknown>;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CcError';
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
  }
}

/** Exit codes of the CLI (stable; documented in the README). */
export const EXIT = {
  ok: 0,
  checkFailed: 1,
  usage: 2,
  notFound: 3,
  environment: 4,
  internal: 5,
} as const;

/** Every error code with the exit code it maps to. The keys are part of the public contract. */
export const ERROR_CODES = {
  BAD_INPUT: EXIT.usage,
  UNKNOWN_ARGUMENT: EXIT.usage,
  UNKNOWN_TOOL: EXIT.usage,
  NOT_ALLOWED: EXIT.usage,
  RUN_NOT_FOUND: EXIT.notFound,
  PROFILE_NOT_FOUND: EXIT.notFound,
  NOT_FOUND: EXIT.notFound,
  RUN_FINISHED: EXIT.checkFailed,
  STILL_RUNNING: EXIT.checkFailed,
  LIMIT_REACHED: EXIT.checkFailed,
  NEEDS_RECOVERY: EXIT.checkFailed,
  CHECK_FAILED: EXIT.checkFailed,
  TIMED_OUT: EXIT.checkFailed,
  CANCELLED: EXIT.checkFailed,
  NO_WORKSPACE: EXIT.environment,
  NOT_A_DIRECTORY: EXIT.environment,
  NOT_A_GIT_REPOSITORY: EXIT.environment,
  WORKER_NOT_FOUND: EXIT.environment,
  WORKER_UNSUPPORTED: EXIT.environment,
  PROFILE_UNUSABLE: EXIT.environment,
  STORAGE_READ_ONLY: EXIT.environment,
  STORAGE_FULL: EXIT.environment,
  STORAGE_CORRUPT: EXIT.environment,
  FORMAT_TOO_NEW: EXIT.environment,
  COMMAND_FAILED: EXIT.environment,
  LEASE_LOST: EXIT.environment,
  BUSY: EXIT.environment,
  INTERNAL: EXIT.internal,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The wire shape of an error, the same in MCP, CLI `--json` and files. */
export type ErrorFacts = {
  code: ErrorCode;
  message: string;
  hint?: string;
  retryable: boolean;
  details?: Readonly<Record<string, unknown>>;
};

/** Any thrown value as error facts. File-system errors get their own codes and hints. */
export function toErrorFacts(error: unknown): ErrorFacts {
  const known = error instanceof CcError ? error : fromSystemError(error);
  return {
    code: known.code,
    message: known.message,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    retryable: known.retryable,
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}

export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** No room left, whether of the disk, of a quota or of a file-size limit. */
export function isStorageFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errnoOf(error) ?? '');
}

function fromSystemError(error: unknown): CcError {
  const message = error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  if (errno?.startsWith('ERR_PARSE_ARGS_')) {
    return new CcError('BAD_INPUT', message, { hint: 'See --help for the options.', cause: error });
  }
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new CcError('STORAGE_FULL', message, {
        hint: 'Free some disk space (or raise the file size limit), then call again.',
        retryable: true,
        cause: error,
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new CcError('STORAGE_READ_ONLY', message, {
        hint: 'This user may not read or write there: correct owner and mode, or choose another cwd.',
        cause: error,
      });
    default:
      return new CcError('INTERNAL', message, {
        hint: 'This is a defect of cc-orchestrator; the log in the workspace has the stack.',
        cause: error,
      });
  }
}
