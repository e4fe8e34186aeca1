import { CcError, toErrorFacts } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';

type Refused = Timeless<Extract<WorkflowEvent, { type: 'start_refused' }>>;

const TEXT_CHARS = 500;
/** Between two attempts at a free place: the first, and at most. */
const FIRST_MS = 500;
const SLOT_MS = 5000;
/** Many that wait must not ask more often together than a few. */
const EACH_MS = 250;
/** Caps of a day leave room again on the next one. */
const DAY_MS = 600_000;

/** What a start that was refused means: it can pass by itself, or somebody has to do something. */
export function refusalOf(instance: Instance, key: string, error: unknown): Refused {
  const { message, hint } = toErrorFacts(error);
  const text = oneLine(hint === undefined ? message : `${message} ${hint}`, TEXT_CHARS);
  const most = longestPause(error);
  if (most === undefined) return { type: 'start_refused', key, text };
  const pause = FIRST_MS * 2 ** Math.min(10, refusalsOf(instance, key));
  const least = EACH_MS * waitingIn(instance);
  return {
    type: 'start_refused',
    key,
    text,
    retry_after_ms: Math.max(least, Math.min(most, pause)),
  };
}

function longestPause(error: unknown): number | undefined {
  if (!(error instanceof CcError)) return undefined;
  const { code, retryable, details } = error;
  // Another writer in the same files: it ends one day.
  const isWriter = code === 'NOT_ALLOWED' && typeof details?.active === 'string';
  if (!retryable && !isWriter) return undefined;
  const isOfDay = code === 'LIMIT_REACHED' && details?.cap !== undefined;
  return isOfDay && details?.limit !== 'concurrent' ? DAY_MS : SLOT_MS;
}

function refusalsOf({ nodes }: Instance, key: string): number {
  for (const { attempts, tasks } of nodes) {
    const attempt = attempts.find((one) => one.key === key);
    if (attempt !== undefined) return tasks[attempt.task]?.refusals ?? 0;
  }
  return 0;
}

function waitingIn({ nodes }: Instance): number {
  return nodes.reduce(
    (sum, { tasks }) => sum + tasks.filter(({ wake_at }) => wake_at !== null).length,
    0,
  );
}
