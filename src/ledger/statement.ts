import { join, relative, sep } from 'node:path';
import { compact, numberAt, objectAt, stringAt } from '../core/json.ts';
import type { FoundRun } from '../runs/find.ts';
import type { RunRecord } from '../runs/record.ts';
import { readJson } from '../store/atomic.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import type { RunPaths } from '../workspace/layout.ts';
import { digestOfFile } from './digest-of-file.ts';

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'urn:cc-orchestrator:agent-run:v1';

/** A file the receipt is about. Of a file that goes on growing, `bytes` from its beginning count. */
export type Subject = {
  name: string;
  digest: { sha256: string };
  annotations?: { bytes: number };
};

export type Statement = {
  _type: string;
  subject: Subject[];
  predicateType: string;
  predicate: Record<string, unknown>;
};

/**
 * What a run was, came to and left behind, in the shape of an in-toto Statement (v1). Made of nothing
 * but files, so that it comes out the same when it is made again after a crash.
 */
export async function statementOf(
  { home }: Pick<Host, 'home'>,
  { paths, record }: Pick<FoundRun, 'paths' | 'record'>,
  eventBytes: number | undefined,
): Promise<Statement> {
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf(paths, eventBytes),
    predicateType: PREDICATE_TYPE,
    predicate: {
      ...runFacts(record),
      ...compact({
        prompt_sha256: digestOfFile(privateRunPaths(home, record.run_id).prompt)?.sha256,
      }),
      verification: await verdictOf(paths),
    },
  };
}

/** Result files by their name in the run directory. What a run did not leave is not among them. */
function subjectsOf(paths: RunPaths, eventBytes: number | undefined): Subject[] {
  const files: [string, number | undefined][] = [
    [paths.events, eventBytes],
    [paths.stdout, undefined],
    [paths.output, undefined],
    [paths.diff, undefined],
    [paths.changedFiles, undefined],
    [paths.prompt, undefined],
    [latestVerification(paths), undefined],
  ];
  return files.flatMap(([path, limit]) => {
    const digest = digestOfFile(path, limit);
    if (digest === undefined) return [];
    const { sha256, bytes } = digest;
    const name = relative(paths.dir, path).split(sep).join('/');
    const growing = path === paths.events ? { annotations: { bytes } } : {};
    return [{ name, digest: { sha256 }, ...growing }];
  });
}

function runFacts(record: RunRecord): Record<string, unknown> {
  const { outcome, profile, worker } = record;
  return {
    run_id: record.run_id,
    created: record.created,
    ...compact({ started: record.started, ended: record.ended, elapsed_ms: record.elapsed_ms }),
    role: record.role,
    task: { sha256: record.task_sha256, bytes: record.task_bytes },
    worker: { cli: worker.kind, version: worker.version },
    profile: { id: profile.id, name: profile.name, source: profile.source },
    model: { declared: record.model, actual: actualModels(record) },
    scope: record.scope,
    ...compact({
      posture: objectAt(record, 'posture'),
      lineage: record.lineage,
      trial: record.trial,
    }),
    base: record.base === null ? null : { head: record.base.head },
    budget: record.budget,
    usage: outcome?.usage ?? null,
    outcome: outcome && {
      state: outcome.state,
      failure: outcome.failure.class,
      exit_code: outcome.exit_code,
      denials: outcome.denials,
      changed_files: outcome.changed_files,
      outside_scope: outcome.outside_scope?.length ?? 0,
    },
  };
}

/** The models that answered, which need not be the declared one. */
export function actualModels({ outcome }: Pick<RunRecord, 'outcome'>): string[] {
  return outcome?.route_mismatch?.actual ?? Object.keys(outcome?.usage.by_model ?? {}).sort();
}

/** The last verdict on the run, where there is one. */
async function verdictOf(paths: RunPaths): Promise<Record<string, unknown> | null> {
  const latest = await readJson(latestVerification(paths)).catch(() => undefined);
  const verdict = stringAt(latest, 'verdict');
  if (verdict === undefined) return null;
  return compact({
    id: stringAt(latest, 'verification_id'),
    time: stringAt(latest, 'time'),
    verdict,
    risk: numberAt(latest, 'risk'),
    after_tree: stringAt(latest, 'after_tree'),
  });
}

function latestVerification(paths: RunPaths): string {
  return join(paths.verification, 'latest.json');
}
