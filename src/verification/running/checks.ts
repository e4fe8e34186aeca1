import { existsSync, lstatSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { oneLine, plural } from '../../core/text.ts';
import type { FoundRun } from '../../runs/find.ts';
import type { Changes } from '../evidence/changes.ts';
import type { RunLog } from '../evidence/run-log.ts';
import type { CheckResult } from '../verification.ts';
import { type CommandPlace, runLine } from './command.ts';

/** Of a custom command, as long as the call names no other time (capabilities.md A8). */
const CUSTOM_TIMEOUT_MS = 30_000;

const PLAIN_CHECKS = [
  'diff_not_empty',
  'no_error_in_output',
  'permission_denials_empty',
  'no_route_mismatch',
  'schema',
] as const;

export type Check =
  | { kind: (typeof PLAIN_CHECKS)[number] }
  | { kind: 'file_exists'; path: string }
  | { kind: 'custom_command'; command: string };

/** `diff_not_empty`, `file_exists:<path>`, `custom_command:<command>`. */
export function parseCheck(text: string): Check {
  const plain = PLAIN_CHECKS.find((name) => name === text);
  if (plain !== undefined) return { kind: plain };
  const [, kind, value = ''] = /^(file_exists|custom_command):\s*(\S[\s\S]*)$/.exec(text) ?? [];
  if (kind === 'file_exists') return { kind, path: value.trim() };
  if (kind === 'custom_command') return { kind, command: value };
  throw new CcError('BAD_INPUT', `There is no check ${JSON.stringify(oneLine(text, 60))}.`, {
    hint: `Checks: ${PLAIN_CHECKS.join(', ')}, file_exists:<path>, custom_command:<command>.`,
  });
}

export type CheckFacts = {
  run: FoundRun;
  changes: Changes;
  log: RunLog;
  place: CommandPlace;
  folder: string;
  timeoutMs: number | undefined;
};

/** What somebody asked to hold, one after the other. */
export async function runChecks(
  checks: readonly Check[],
  facts: CheckFacts,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [index, check] of checks.entries()) {
    if (facts.place.signal.aborted) break;
    results.push(await runCheck(check, index + 1, facts));
  }
  return results;
}

async function runCheck(check: Check, number: number, facts: CheckFacts): Promise<CheckResult> {
  const { record, paths } = facts.run;
  const result = (passed: boolean, detail: string, name: string = check.kind): CheckResult => ({
    name,
    passed,
    detail: oneLine(facts.place.redact(detail), 300),
  });
  switch (check.kind) {
    case 'diff_not_empty': {
      const { known, source } = facts.changes;
      if (!known) return result(false, 'what changed is unknown');
      return result(source.length > 0, `${plural(source.length, 'file')} changed`);
    }
    case 'no_error_in_output': {
      const [first] = facts.log.late_errors;
      return result(first === undefined, first ?? 'no error among the last events');
    }
    case 'permission_denials_empty': {
      const denials = record.outcome?.denials ?? 0;
      return result(denials === 0, `${plural(denials, 'refused call')}`);
    }
    case 'no_route_mismatch': {
      const mismatch = record.outcome?.route_mismatch;
      if (mismatch === undefined) return result(true, 'the declared model answered');
      return result(false, `${mismatch.actual.join(', ')} answered for ${mismatch.declared}`);
    }
    case 'schema':
      if (record.output_schema === undefined)
        return result(false, 'no output_schema was asked for');
      return result(existsSync(paths.output), 'output.json');
    case 'file_exists':
      return fileExists(check.path, record.cwd, result);
    case 'custom_command':
      return custom(check.command, number, facts, result);
  }
}

type Result = (passed: boolean, detail: string, name?: string) => CheckResult;

function fileExists(path: string, cwd: string, result: Result): CheckResult {
  const file = resolve(cwd, path);
  const inside = relative(cwd, file);
  if (isAbsolute(inside) || inside.startsWith('..')) {
    return result(false, `${path} lies outside of the run's directory`);
  }
  const facts = lstatSync(file, { throwIfNoEntry: false });
  return result(facts !== undefined, `${path} ${facts === undefined ? 'is missing' : 'is there'}`);
}

async function custom(
  command: string,
  number: number,
  { place, folder, timeoutMs = CUSTOM_TIMEOUT_MS }: CheckFacts,
  result: Result,
): Promise<CheckResult> {
  const ran = await runLine(command, place, {
    timeoutMs,
    stdout: join(folder, `check-${number}.stdout.txt`),
    stderr: join(folder, `check-${number}.stderr.txt`),
  });
  const how = ran.timed_out
    ? `no end after ${timeoutMs / 1000} s`
    : (ran.start_error ?? `exit code ${ran.exit_code ?? ran.signal}`);
  return result(ran.exit_code === 0 && !ran.timed_out, `\`${command}\`: ${how}`);
}
