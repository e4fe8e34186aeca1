/** The words of DESIGN: one word, one meaning, everywhere. */

/** States of a run. `lost`: the supervisor vanished and nothing better can be proved yet. */
export const RUN_STATES = [
  'starting',
  'running',
  'waiting_answer',
  'finalizing',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'stopped_limit',
  'lost',
] as const;
export type RunState = (typeof RUN_STATES)[number];

const FINAL: ReadonlySet<RunState> = new Set([
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'stopped_limit',
]);

/** True when nothing will change any more. `lost` is not final: recovery turns it into something. */
export function isFinal(state: RunState): boolean {
  return FINAL.has(state);
}

/** Why a run ended as it did (capabilities.md §7). Decided from evidence, never from prose. */
export const FAILURE_CLASSES = [
  'success',
  'launch_environment',
  'auth_failed',
  'billing',
  'rate_limited',
  'provider_overload',
  'provider_capability',
  'context_overflow',
  'network',
  'timeout',
  'no_output',
  'stalled',
  'crashed',
  'interrupted',
  'out_of_memory',
  'disk_full',
  'stopped_limit',
  'permission_denied',
  'invalid_output',
  'supervisor_lost',
  'unknown',
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** The roles a task can be given to (the predecessor's fourteen). */
export const ROLES = [
  'requirements',
  'architecture',
  'development',
  'testing',
  'review',
  'performance',
  'compatibility',
  'documentation',
  'automation',
  'security',
  'supervisor',
  'implementation',
  'ops',
  'multimodal',
] as const;
export type Role = (typeof ROLES)[number];
