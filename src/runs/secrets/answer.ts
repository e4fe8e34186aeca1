import { existsSync } from 'node:fs';
import { lazy } from '../../core/lazy.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { knownSecrets } from '../../profiles/resolve-credentials.ts';
import { KnownSecrets } from '../../secrets/known.ts';
import { readJson } from '../../store/atomic.ts';
import { matchesScope } from '../../workers/claude/guard.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';
import type { FoundRun } from '../find.ts';
import { emptyProgress } from '../progress.ts';
import { replay } from '../supervise/journal.ts';
import {
  countsOf,
  type SecretFinding,
  type SecretFindings,
  secretFindings,
  withAllowed,
} from './findings.ts';
import { fingerprintKey } from './key.ts';
import { keepFindings, scanRun } from './scan-run.ts';

const loadRules = /* @__PURE__ */ lazy(() => import('../../secrets/maintained.ts'));

/**
 * The findings of a run, with the user's allow-list as it is now. They were made when the run ended;
 * one of an earlier version, or one whose supervisor had no time for it, is scanned now. Of a run that
 * goes on, what its record shows so far.
 */
async function secretFindingsOf(host: Host, found: FoundRun): Promise<SecretFindings> {
  const stored = secretFindings.safeParse(await readJson(found.paths.secretFindings)).data;
  const findings = stored ?? (await scanNow(host, found));
  const { secret_allow: allow } = await readPolicy(host.home);
  return { ...findings, findings: withAllowed(findings.findings, allow) };
}

async function scanNow(host: Host, found: FoundRun): Promise<SecretFindings> {
  const { findMaintained } = await loadRules();
  const scanner = {
    key: await fingerprintKey(host.home),
    known: new KnownSecrets(await knownSecrets(profileHostOf(host))),
    more: findMaintained,
    env: host.env,
  };
  const { events } = found.paths;
  const { secrets, seq } = existsSync(events) ? replay(events) : emptyProgress();
  const findings = await scanRun({ host, ...found }, { ...secrets, seq }, scanner);
  if (isFinal(found.record.state) && !host.readOnly) await keepFindings(found.paths, findings);
  return findings;
}

const NOT_SCANNED_SHOWN = 20;

/** The same as a controller wants it: one line of where each is, and how many real ones are new. */
export async function answerScan(host: Host, found: FoundRun, paths: readonly string[] = []) {
  const { findings: all, omitted, scanned } = await secretFindingsOf(host, found);
  const findings = all.filter(({ where }) => paths.length === 0 || isBelow(where.path, paths));
  const leaked = findings.filter((one) => one.class === 'real_candidate' && !one.preexisting);
  const { files, changes, not_scanned: left } = scanned;
  return {
    run_id: found.record.run_id,
    leaked: leaked.length,
    counts: countsOf(findings),
    findings: findings.map(({ where, ...finding }) => ({ ...finding, at: placeOf(where) })),
    ...(omitted > 0 ? { omitted } : {}),
    files_scanned: files,
    changes,
    ...(left.length > 0
      ? {
          not_scanned: left
            .slice(0, NOT_SCANNED_SHOWN)
            .map(({ path, reason }) => `${path} (${reason})`),
        }
      : {}),
  };
}

function isBelow(path: string | undefined, wanted: readonly string[]): boolean {
  if (path === undefined) return false;
  const globs = wanted.map((one) => one.replace(/^\.\//, '').replace(/\/+$/, ''));
  return globs.some((one) => path.startsWith(`${one}/`)) || matchesScope(globs, path);
}

function placeOf({ path, line, seq, commit }: SecretFinding['where']): string {
  if (path === undefined && commit === undefined) return `event ${seq}`;
  const place = path === undefined ? '(message)' : `${path}${line === undefined ? '' : `:${line}`}`;
  return commit === undefined ? place : `commit ${commit} ${place}`;
}
