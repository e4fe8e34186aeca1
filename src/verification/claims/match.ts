import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compact } from '../../core/json.ts';
import { plural, truncate } from '../../core/text.ts';
import { simpleCommands } from '../../workers/claude/shell-commands.ts';
import { type Changes, toRoot } from '../evidence/changes.ts';
import type { LoggedCommand, RunLog } from '../evidence/run-log.ts';
import { kindOf } from '../tampering/kinds.ts';
import type { Claim, TestRun } from '../verification.ts';
import type { Reported } from './reported.ts';

/** What claims are held against. */
export type Evidence = {
  log: RunLog;
  changes: Changes;
  cwd: string;
  tests: readonly TestRun[];
};

type Found = Pick<Claim, 'status' | 'evidence'>;

const verified = (evidence: string): Found => ({ status: 'verified', evidence });
const contradicted = (evidence: string): Found => ({ status: 'contradicted', evidence });
const unverified = (evidence: string): Found => ({ status: 'unverified', evidence });

/** Holds a claim against what the worker did by the journal, what changed, and what we ran ourselves. */
export function matchClaim(reported: Reported, evidence: Evidence): Claim {
  const { kind, command, paths, outcome, from, quote } = reported;
  return {
    kind,
    from,
    ...compact({
      command: command && truncate(command, 300),
      paths: paths?.slice(0, 20),
      outcome,
      quote,
    }),
    ...judged(reported, evidence),
  };
}

function judged(claim: Reported, evidence: Evidence): Found {
  switch (claim.kind) {
    case 'ran':
      return ran(claim, evidence);
    case 'tests_pass':
      return testsPass(claim, evidence);
    case 'fixed':
      return fixed(claim, evidence);
    case 'no_change':
      return noChange(evidence);
    default:
      return changed(claim, evidence);
  }
}

function ran({ command, outcome }: Reported, { log }: Evidence): Found {
  const isComplete = log.problems.length === 0;
  if (command === undefined) {
    const last = log.commands.findLast(({ tests, status }) => tests && status !== 'refused');
    if (last !== undefined) return verified(`it ran \`${last.command}\` (event ${last.seq})`);
    return isComplete ? contradicted('it ran no tests') : unverified('the events are incomplete');
  }
  const runs = log.commands.filter((one) => isSame(command, one.command));
  const last = runs.findLast(({ status }) => status !== 'refused');
  if (last !== undefined) return byStatus(last, wasGood(outcome));
  if (runs.length > 0) return contradicted('that command was refused');
  const isHidden =
    !isComplete || log.commands.some(({ whole }) => !whole) || HAS_TOOL.test(command);
  return isHidden ? unverified('no event shows it') : contradicted('it never ran that command');
}

/** The worker has tools of its own for these, and may call that running them. */
const HAS_TOOL = /^(?:grep|rg|find|ls|cat|head|tail|sed|glob|read|edit|write)\b/i;

function byStatus({ status, seq }: LoggedCommand, good: boolean | undefined): Found {
  if (good === true && status === 'failed') return contradicted(`it failed (event ${seq})`);
  if (status === 'unknown') return unverified(`how it ended is not known (event ${seq})`);
  return verified(`event ${seq}`);
}

/** What an outcome says, in the schema's words or others. */
function wasGood(outcome: string | undefined): boolean | undefined {
  if (outcome === undefined) return undefined;
  if (/\bfail|\berror|[1-9]\d* failed|exit(?: code)?:? [1-9]/i.test(outcome)) {
    return /\b(?:0|no) (?:fail|error)/i.test(outcome);
  }
  return /\bok\b|\bpass|\bsuccess|\bgreen|exit(?: code)?:? 0|^0$/i.test(outcome) ? true : undefined;
}

function testsPass({ command, outcome }: Reported, { tests, log }: Evidence): Found {
  if (wasGood(outcome) === false) return verified('it says itself that they fail');
  const same = tests.filter((run) => command !== undefined && isSame(command, run.command));
  const ours = same.length > 0 ? same : tests;
  const bad = ours.find(({ status }) => status === 'failed' || status === 'timed_out');
  if (bad !== undefined) return contradicted(`\`${bad.command}\` fails when we run it`);
  if (ours.length > 0 && ours.every(({ status }) => status === 'passed')) {
    return verified('they pass when we run them');
  }
  const last = log.commands.findLast(
    (one) => one.tests && one.status !== 'refused' && (!command || isSame(command, one.command)),
  );
  if (last?.status === 'failed') return contradicted(`its own last run failed (event ${last.seq})`);
  if (last?.status === 'ok') return verified(`its own run ended well (event ${last.seq})`);
  if (last !== undefined || log.problems.length > 0) return unverified('no run of tests proves it');
  return contradicted('it ran no tests');
}

function changed(claim: Reported, evidence: Evidence): Found {
  const { changes, log } = evidence;
  if (!changes.known) {
    const hasWritten = log.writes.some(({ ok }) => ok);
    return unverified(hasWritten ? 'its tools wrote files' : 'what changed is unknown');
  }
  if (claim.paths === undefined || claim.paths.length === 0) {
    if (changes.files.length === 0) return contradicted('nothing changed');
    if (claim.kind !== 'created')
      return verified(`${plural(changes.files.length, 'file')} changed`);
    const hasTests = changes.files.some(
      ({ path }) => kindOf(path) === 'test' || /\.rs$/.test(path),
    );
    return hasTests ? verified('tests changed') : contradicted('no test changed');
  }
  const wrong = claim.paths.flatMap((path) => pathProblem(claim, path, evidence) ?? []);
  if (wrong.length > 0) return contradicted(wrong.slice(0, 3).join('; '));
  return verified('the comparison shows it');
}

function pathProblem(
  { kind, from }: Reported,
  claimed: string,
  { changes, cwd }: Evidence,
): string | undefined {
  const path = toRoot(claimed.replace(/^\.\//, '').replace(/\/(?:\*\*?)?$/, ''), changes.root, cwd);
  const file = changes.files.find((one) => one.path === path || one.old_path === path);
  if (file === undefined) {
    // A directory, or a name without its directory.
    const isNear = changes.files.some(
      (one) => one.path.startsWith(`${path}/`) || one.path.endsWith(`/${path}`),
    );
    if (isNear) return undefined;
    const exists = existsSync(join(changes.root, path));
    // Words may mean another file, as long as there is one.
    if (from === 'prose' && exists === (kind !== 'deleted') && kind === 'created') return undefined;
    return `${path} did not change`;
  }
  if (kind === 'deleted') {
    const isGone = file.status === 'deleted' || file.old_path === path;
    return isGone ? undefined : `${path} is still there`;
  }
  if (kind === 'created' && from !== 'prose') {
    return ['added', 'renamed'].includes(file.status) ? undefined : `${path} was there before`;
  }
  return file.status === 'deleted' ? `${path} is gone` : undefined;
}

function fixed(claim: Reported, evidence: Evidence): Found {
  const change = changed({ ...claim, kind: 'changed' }, evidence);
  if (change.status === 'contradicted') return change;
  if (wasGood(claim.outcome) === false) return verified('it says itself that it is not fixed');
  const { tests } = evidence;
  const bad = tests.find(({ status }) => status === 'failed' || status === 'timed_out');
  if (bad !== undefined) return contradicted(`\`${bad.command}\` fails when we run it`);
  const good = tests.length > 0 && tests.every(({ status }) => status === 'passed');
  return good && change.status === 'verified'
    ? verified('it changed something, and the tests pass')
    : unverified('no test shows it');
}

function noChange({ changes }: Evidence): Found {
  if (!changes.known) return unverified('what changed is unknown');
  if (changes.source.length === 0) return verified('nothing changed');
  return contradicted(`${plural(changes.source.length, 'file')} changed`);
}

/** The same command, also as one of several in a line, or with more arguments than were told. */
export function isSame(claimed: string, command: string): boolean {
  const wanted = plain(claimed);
  if (wanted === '') return false;
  if (plain(command) === wanted) return true;
  const parts = partsOf(claimed);
  const ranParts = partsOf(command);
  return (
    parts.length > 0 &&
    parts.every((part) => ranParts.some((one) => one === part || one.startsWith(`${part} `)))
  );
}

function partsOf(command: string): string[] {
  return simpleCommands(command)
    .filter(({ words }) => words.length > 0 && words[0] !== 'cd')
    .map(({ words }) => usual(words.join(' ')));
}

function plain(command: string): string {
  return usual(
    command
      .replace(/^\$\s*/, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

/** Different spellings of the same. */
function usual(command: string): string {
  return command
    .replace(/^(?:[A-Za-z_]\w*=\S* )+/, '')
    .replace(/^(?:time|timeout(?: -\S+)* \S+|env|nice) (?:[A-Za-z_]\w*=\S* )*/, '')
    .replace(/^((?:p?npm|yarn|bun)) (?:run-script|run) (test\b)/, '$1 $2')
    .replace(/^npm (?:t|tst)\b/, 'npm test')
    .replace(/^(?:npx|pnpm exec|yarn exec|bunx) (?:--?\S+ )*/, '')
    .replace(/^python3? -m /, '')
    .replace(/^(?:uv|poetry) run /, '');
}
