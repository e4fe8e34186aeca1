import { arrayAt, objectAt, stringAt } from '../../core/json.ts';
import { bareModel } from '../../routing/keys.ts';
import { type FoundRun, findRun } from '../../runs/find.ts';
import type { RunRecord } from '../../runs/record.ts';
import { readJson } from '../../store/atomic.ts';
import type { Host } from '../../workspace/host.ts';

/** A run that reviewed the work of another one. */
export type Reviewer = {
  runId: string;
  state: string;
  readOnly: boolean;
  /** The model that did most of it; undefined where that is not known. */
  model: string | undefined;
  /** It began after what it reviews had ended. */
  after: boolean;
  /** By the `verdict` of its structured output; its prose is not read. */
  verdict: 'pass' | 'fail' | undefined;
  /** Findings of its structured output that must be resolved. */
  blocking: string[];
};

const PASS = new Set(['pass', 'passed', 'approve', 'approved', 'accept', 'go', 'ok']);
const FAIL = new Set([
  'fail',
  'failed',
  'block',
  'blocked',
  'reject',
  'rejected',
  'revise',
  'hold',
]);
const BLOCKING = new Set(['blocker', 'blocking', 'error', 'critical', 'high']);

export async function readReviewer(host: Host, runId: string, author: FoundRun): Promise<Reviewer> {
  const { record, paths } = await findRun(host, runId, author.workspace);
  const output = objectAt(await readJson(paths.output).catch(() => undefined), 'output');
  const word = stringAt(output, 'verdict')?.toLowerCase() ?? '';
  const findings = arrayAt(output, 'findings');
  return {
    runId: record.run_id,
    state: record.state,
    readOnly: record.scope === null,
    model: mainModel(record),
    after: author.record.ended !== undefined && record.created >= author.record.ended,
    verdict: PASS.has(word) ? 'pass' : FAIL.has(word) ? 'fail' : undefined,
    blocking: findings.flatMap((finding) =>
      BLOCKING.has(stringAt(finding, 'severity')?.toLowerCase() ?? '')
        ? [stringAt(finding, 'title') ?? stringAt(finding, 'message') ?? 'a finding']
        : [],
    ),
  };
}

/**
 * The model that really answered, by its tokens: a worker also asks a small one for titles and the
 * like, which may be the same everywhere.
 */
export function mainModel({ outcome }: Pick<RunRecord, 'outcome'>): string | undefined {
  const models = Object.entries(outcome?.usage.by_model ?? {}).map(([model, counts]) => ({
    model,
    tokens: (counts.input ?? 0) + (counts.output ?? 0) + (counts.cache_read ?? 0),
  }));
  models.sort((a, b) => b.tokens - a.tokens);
  return models[0]?.model ?? outcome?.route_mismatch?.actual[0];
}

/** Nobody judges their own work. */
export function isIndependent(reviewer: string | undefined, author: string | undefined): boolean {
  if (reviewer === undefined || author === undefined) return false;
  return bareModel(reviewer) !== bareModel(author);
}
