import { existsSync, readFileSync } from 'node:fs';
import { createByteRedactor } from '../../core/redact.ts';
import { projectGuidance } from '../../prompts/guidance.ts';
import { systemPrompt } from '../../prompts/system.ts';
import { type RunRecord, treeRoot } from '../record.ts';
import type { AttemptPlan } from './attempt.ts';
import { secretsOf } from './run-secrets.ts';
import { watchLimits } from './watch-limits.ts';

/** What every worker of a run is started with and held to. */
export function attemptPlan(
  record: RunRecord,
  paths: AttemptPlan['paths'],
  workerEnv: Readonly<Record<string, string>>,
  userHome: string,
): AttemptPlan {
  const guidance =
    record.guidance_files.length === 0 ? undefined : projectGuidance(treeRoot(record), record.cwd);
  return {
    record,
    paths,
    workerEnv,
    userHome,
    guard: {
      cwd: record.cwd,
      root: treeRoot(record),
      scope: record.scope ?? undefined,
      protectedPaths: record.protected_paths,
      tools: record.tools,
      delegates: record.delegation !== undefined,
      sandboxed: (record.posture?.sandbox ?? 'none') !== 'none',
    },
    task: JSON.parse(readFileSync(paths.prompt, 'utf8')) as string[],
    systemPrompt: systemPrompt({
      role: record.role,
      roleText: roleTextOf(paths),
      scope: record.scope ?? undefined,
      budget: record.budget,
      mayAsk: record.ask !== undefined,
      guidance,
    }),
    hide: createByteRedactor(secretsOf(record, workerEnv)),
    watch: watchLimits(record),
  };
}

/** A run of an earlier version has none. */
function roleTextOf(paths: AttemptPlan['paths']): string {
  return existsSync(paths.roleText) ? readFileSync(paths.roleText, 'utf8') : '';
}
