import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { CcError, errnoOf } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import { ROLES } from '../core/vocabulary.ts';
import { FINGERPRINT } from '../secrets/identity.ts';
import { lifetimeCaps, runCaps } from './budget-caps.ts';
import type { UserHome } from './home.ts';
import { routingPolicy } from './routing-policy.ts';
import { safetyFields } from './safety-policy.ts';
import { watchdogFields } from './watchdog-policy.ts';
import { worktreePolicy } from './worktree-policy.ts';

const loadYaml = /* @__PURE__ */ lazy(() => import('./yaml.ts'));

/**
 * The user's policy, `~/.cc-orchestrator/policy.yaml`. It belongs to the user and not to a project,
 * because a project must not be able to widen what workers may do. Every field has a default.
 */
const policySchema = z.strictObject({
  /** Runs at once per workspace and profile. */
  max_concurrent: z.int().min(1).max(64).default(4),
  /** Least time between two starts in a workspace; a burst of starts is CPU-bound (claude-code-cli.md §8). */
  start_interval_ms: z.int().min(0).max(60_000).default(500),
  budget: z
    .strictObject({
      ...runCaps.partial().shape,
      wall_seconds: runCaps.shape.wall_seconds.default(900),
      idle_seconds: runCaps.shape.idle_seconds.default(600),
      max_turns: runCaps.shape.max_turns.default(100),
      max_output_bytes: runCaps.shape.max_output_bytes.default(100_000_000),
      max_event_bytes: z.int().min(100_000).default(200_000_000),
      lifetime: lifetimeCaps.partial().optional(),
    })
    .prefault({}),
  /** What is kept of ended runs; null is no limit. Active runs and their relatives are always kept. */
  retention: z
    .strictObject({
      days: z.int().min(1).max(3650).nullable().default(30),
      max_runs: z.int().min(1).nullable().default(10_000),
      /** Records, private store and sessions of one workspace together. */
      max_bytes: z.int().min(1_000_000).nullable().default(10_000_000_000),
      /** Kept however old and large they are. */
      keep_newest: z.int().min(0).max(1000).default(20),
    })
    .prefault({}),
  /** When the watchdog of a run speaks up, and when it cuts retries. */
  watchdog: z.strictObject(watchdogFields).prefault({}),
  ...safetyFields,
  /** What verification runs, where a call names nothing. Here and not in a project: it runs programs. */
  verify: z
    .strictObject({
      /** Test commands by project directory. */
      tests: z.record(z.string(), z.array(z.string().min(1).max(4000)).max(20)).default({}),
      /** Of each command. */
      timeout_seconds: z.int().min(1).max(86_400).default(600),
    })
    .prefault({}),
  /** Copies of projects that isolated runs work in (docs/isolation.md). */
  worktrees: worktreePolicy.prefault({}),
  /** Names of further environment variables that workers get. */
  env_pass: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).default([]),
  /** Profile (id or name) and model by role; either may be missing. */
  preferred: z
    .partialRecord(
      z.enum(ROLES),
      z.strictObject({ profile: z.string().optional(), model: z.string().optional() }),
    )
    .default({}),
  /** How a profile and model are chosen. */
  routing: routingPolicy.prefault({}),
  /** How long a worker waits for an answer to its question before it goes on without one. */
  question_timeout_seconds: z.int().min(10).max(86_400).default(300),
  /** Shares of the context window at which a worker is warned, and hands over to a fresh session. */
  context: z
    .strictObject({
      warn: z.number().min(0.1).max(1).default(0.5),
      rotate: z.number().min(0.2).max(1).default(0.65),
    })
    .prefault({}),
  /** Fingerprints of values that look like secrets and are none (docs/secrets.md). */
  secret_allow: z.array(z.string().regex(FINGERPRINT, 'not a fingerprint')).max(1000).default([]),
  /** Wake the Codex thread that launched a run when it ends. */
  wake_codex: z.boolean().default(false),
  /** The Claude Code binary to use. */
  claude_path: z.string().optional(),
});
export type Policy = z.infer<typeof policySchema>;

export async function readPolicy(home: UserHome): Promise<Policy> {
  let text: string;
  try {
    text = await readFile(home.policy, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return policySchema.parse({});
    throw invalid(home.policy, error instanceof Error ? error.message : String(error));
  }
  return parsePolicy(text, home.policy);
}

/** The policy a text says, with the defaults; `path` is for the error. */
export async function parsePolicy(text: string, path: string): Promise<Policy> {
  const { parse } = await loadYaml();
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 20 });
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error));
  }
  const parsed = policySchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw invalid(path, z.prettifyError(parsed.error));
}

function invalid(path: string, what: string): CcError {
  return new CcError('BAD_INPUT', `The policy is not valid: ${what}`, {
    hint: `Correct ${path}, or remove it to use the defaults.`,
  });
}
