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

/** The roles a task can be given to; what each is asked to care about is in `prompt-pack/roles/`. */
export const ROLES = [
  'requirements',
  'planning',
  'research',
  'architecture',
  'development',
  'implementation',
  'backend',
  'frontend',
  'database',
  'data',
  'testing',
  'debugging',
  'review',
  'security',
  'performance',
  'compatibility',
  'documentation',
  'automation',
  'ops',
  'multimodal',
  'supervisor',
] as const;
export type Role = (typeof ROLES)[number];

/** What else the roles are called elsewhere. */
const ROLE_ALIASES: Readonly<Record<string, Role>> = {
  planner: 'planning',
  explorer: 'research',
  analyst: 'research',
  investigator: 'research',
  architect: 'architecture',
  developer: 'development',
  'senior-developer': 'development',
  coder: 'development',
  engineer: 'development',
  'backend-developer': 'backend',
  'api-developer': 'backend',
  'frontend-developer': 'frontend',
  'database-engineer': 'database',
  'data-analyst': 'data',
  tester: 'testing',
  'test-engineer': 'testing',
  'quality-engineer': 'testing',
  qa: 'testing',
  debugger: 'debugging',
  reviewer: 'review',
  'security-engineer': 'security',
  'performance-profiler': 'performance',
  docs: 'documentation',
  'technical-writer': 'documentation',
  devops: 'ops',
  sre: 'ops',
  'monitoring-specialist': 'ops',
  orchestrator: 'supervisor',
  manager: 'supervisor',
};

/** The role somebody means by a word, or the word where it is no other name of one. */
export function roleMeant(word: string): string {
  const name = word.trim().toLowerCase().replaceAll(/[ _]+/g, '-');
  return ROLE_ALIASES[name] ?? name;
}
