import { isoTime } from '../../core/clock.ts';
import { arrayAt, isObject, numberAt, objectAt, stringAt } from '../../core/json.ts';
import { redactJson } from '../../core/redact.ts';
import { oneLine } from '../../core/text.ts';
import { ROLES, roleMeant } from '../../core/vocabulary.ts';
import type { RunRecord } from '../../runs/record.ts';
import type { RunUsage } from '../../runs/spending-fields.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { endingOf } from './ending.ts';
import type { OldRun } from './old-run.ts';

/** The most the predecessor allowed (python-predecessor.md §1.1); only told, nothing is held to it. */
const LONGEST_S = 1800;
/** It knew no such limit; a run that goes on with the task inherits this one. */
const MOST_TURNS = 100;
const TITLE_CHARS = 80;
const DAY_MS = 86_400_000;

/** The record of a run of the predecessor. What it did not know is unknown here, too. */
export function recordOf(
  old: OldRun,
  workspace: Workspace,
  { prompt, time }: { prompt: string; time: string },
): RunRecord {
  const { metadata, runId, begun, id, dir } = old;
  const started = startOf(old);
  const ended = endOf(old, started);
  const ending = endingOf(old);
  const role = roleMeant(stringAt(metadata, 'role') ?? '');
  const profile = objectAt(metadata, 'profile');
  const route = objectAt(metadata, 'route');
  const name = oneLine(stringAt(profile, 'name') ?? stringAt(route, 'profile') ?? 'unknown', 120);
  const model = stringAt(route, 'model') ?? stringAt(profile, 'model');
  const digest = stringAt(metadata, 'prompt_sha256') ?? '';
  const seconds = numberAt(metadata, 'timeout_seconds') ?? LONGEST_S;
  const [program] = arrayAt(metadata, 'command');
  const record: RunRecord = {
    schema_version: SCHEMA_VERSION,
    run_id: runId,
    created: isoTime(begun),
    workspace: workspace.root,
    cwd: stringAt(metadata, 'cwd') ?? workspace.root,
    title: taskIn(prompt) ?? `Migrated: ${role || 'run'} ${id}`,
    task_sha256: /^[0-9a-f]{64}$/.test(digest) ? digest : '0'.repeat(64),
    task_bytes: Buffer.byteLength(prompt),
    role: ROLES.find((known) => known === role) ?? 'implementation',
    scope: metadata.allow_write === true ? { paths: ['**'], commands: [] } : null,
    profile: { id: `predecessor:${name}`, name, source: 'predecessor' },
    model: model === undefined ? null : oneLine(model, 200),
    pick_reason: `Migrated from ${dir}.`,
    budget: { wall_seconds: seconds, idle_seconds: seconds, max_turns: MOST_TURNS },
    imported: { from: dir, id, time },
    guidance_files: [],
    worker: {
      kind: 'claude',
      path: typeof program === 'string' ? program : 'unknown',
      version: 'unknown',
      session_id: '',
      config_dir: null,
      tmp_dir: '',
      env: [],
      secret_env: [],
    },
    price: null,
    cli_price: false,
    base: null,
    state: ending.state,
    started: isoTime(started),
    ended: isoTime(ended),
    elapsed_ms: ended.getTime() - started.getTime(),
    outcome: {
      ...ending,
      exit_code: numberAt(metadata, 'exit_code') ?? null,
      signal: null,
      denials: 0,
      left_processes: [],
      usage: usageOf(old),
      changed_files: null,
    },
    ledger: { missing: 'It ran before there was a ledger.' },
  };
  return redactJson(record);
}

/** The prompt ends with the task, and with what was said about it (python-predecessor.md §3.2). */
function taskIn(prompt: string): string | undefined {
  const task = /^Task:\s*(\S.*)$/m.exec(prompt)?.[1];
  return task === undefined ? undefined : oneLine(task, TITLE_CHARS);
}

/** As recorded; its id holds the time as well, to the second. */
function startOf({ metadata, begun }: OldRun): Date {
  const time = new Date(stringAt(metadata, 'started_at') ?? '');
  return Math.abs(time.getTime() - begun.getTime()) < DAY_MS ? time : begun;
}

function endOf({ metadata }: OldRun, started: Date): Date {
  for (const key of ['finished_at', 'stopped_at']) {
    const time = Date.parse(stringAt(metadata, key) ?? '');
    if (time >= started.getTime()) return new Date(time);
  }
  const duration = Math.max(0, numberAt(metadata, 'duration_ms') ?? 0);
  return new Date(started.getTime() + Math.min(duration, DAY_MS));
}

/**
 * The tokens of the models that answered; a lower bound, because it left out cached ones in its sums and
 * lost what came after a stop. Its USD were Claude's prices whatever the provider, so they are not used.
 */
function usageOf({ metadata }: OldRun): RunUsage {
  const by_model: Record<string, Record<string, number>> = {};
  for (const [model, count] of Object.entries(objectAt(metadata, 'actual_model_usage') ?? {})) {
    if (!isObject(count) || numberAt(count, 'outputTokens') === undefined) continue;
    by_model[oneLine(model, 200)] = {
      input: tokensAt(count, 'inputTokens'),
      output: tokensAt(count, 'outputTokens'),
      cache_read: tokensAt(count, 'cacheReadInputTokens'),
      cache_write: tokensAt(count, 'cacheCreationInputTokens'),
    };
  }
  const model = stringAt(metadata, 'actual_model');
  const output = numberAt(metadata, 'actual_output_tokens');
  if (Object.keys(by_model).length === 0 && model !== undefined && output !== undefined) {
    by_model[oneLine(model, 200)] = {
      input: tokensAt(metadata, 'actual_input_tokens'),
      output: tokensAt(metadata, 'actual_output_tokens'),
      cache_read: 0,
      cache_write: 0,
    };
  }
  const sum = (kind: string) =>
    Object.values(by_model).reduce((total, count) => total + (count[kind] ?? 0), 0);
  return {
    tokens: {
      input: sum('input'),
      output: sum('output'),
      cache_read: sum('cache_read'),
      cache_write: sum('cache_write'),
    },
    by_model,
    usd: null,
    usd_source: 'unknown',
    complete: false,
  };
}

function tokensAt(value: unknown, key: string): number {
  return Math.max(0, Math.round(numberAt(value, key) ?? 0));
}
