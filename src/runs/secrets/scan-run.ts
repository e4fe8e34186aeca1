import { stringAt } from '../../core/json.ts';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { changedFiles } from '../artifacts/changed-files.ts';
import { wholeOf } from '../changes/snapshots.ts';
import type { RunRecord } from '../record.ts';
import type { EventSecrets } from './event-notes.ts';
import { ranked, type SecretFinding, type SecretFindings, withAllowed } from './findings.ts';
import { type Scanner, scanChanges } from './scan-changes.ts';
import { scanCommits } from './scan-commits.ts';

/**
 * Looks through what a run changed, adds what was hidden in its events, and keeps it. Beside
 * changed_files.json, from which it learns what to compare.
 */
export async function scanRun(
  { host, record, paths }: { host: Host; record: RunRecord; paths: RunPaths },
  events: EventSecrets & { seq: number },
  scanner: Scanner,
): Promise<SecretFindings> {
  const { findings, scanned } = await scanWhatChanged(record, paths, scanner);
  const policy = await readPolicy(host.home).catch(() => undefined);
  const all = withAllowed([...findings, ...events.found], policy?.secret_allow ?? []);
  const { findings: kept, omitted } = ranked(all);
  return {
    schema_version: SCHEMA_VERSION,
    findings: kept,
    omitted: omitted + events.omitted,
    scanned: { events: events.seq, ...scanned },
  };
}

export async function keepFindings(paths: RunPaths, findings: SecretFindings): Promise<void> {
  await writeJsonAtomic(paths.secretFindings, findings);
}

type Scanned = Omit<SecretFindings['scanned'], 'events'>;

async function scanWhatChanged(
  record: RunRecord,
  paths: RunPaths,
  scanner: Scanner,
): Promise<{ findings: SecretFinding[]; scanned: Scanned }> {
  const none = { files: 0, bytes: 0, not_scanned: [] };
  if (record.base?.snapshot == null) {
    return { findings: [], scanned: { ...none, changes: 'no_snapshot' } };
  }
  const stored = await readJson(paths.changedFiles).catch(() => undefined);
  const changes = changedFiles.safeParse(stored).data;
  const [base, after] = [wholeOf(changes?.base), wholeOf(changes?.after)];
  if (changes === undefined || base === undefined || after === undefined) {
    const isEarly = stringAt(stored, 'source') === 'tool_calls';
    return { findings: [], scanned: { ...none, changes: isEarly ? 'not_yet' : 'failed' } };
  }
  try {
    const { findings, ...counts } = await scanChanges(base, after, changes.files, scanner);
    const commits =
      base.repository === undefined
        ? { findings: [], cut: false }
        : await scanCommits(base.root, record.base?.head ?? null, scanner);
    const seen = new Set(findings.map(({ fingerprint }) => fingerprint));
    const onlyThere = firstOfEach(commits.findings.filter((one) => !seen.has(one.fingerprint)));
    const cut = commits.cut ? [{ path: '.git', reason: 'large' }] : [];
    return {
      findings: [...findings, ...onlyThere],
      scanned: { ...counts, not_scanned: [...counts.not_scanned, ...cut], changes: 'scanned' },
    };
  } catch {
    // The snapshot may be gone, or git not be able to read it; verification has to know.
    return { findings: [], scanned: { ...none, changes: 'failed' } };
  }
}

function firstOfEach(findings: readonly SecretFinding[]): SecretFinding[] {
  const first = new Map<string, SecretFinding>();
  for (const finding of findings) {
    if (!first.has(finding.fingerprint)) first.set(finding.fingerprint, finding);
  }
  return [...first.values()];
}
