import type { FoundRun } from '../../runs/find.ts';
import { type SecretFinding, secretFindings } from '../../runs/secrets/findings.ts';
import { readJson } from '../../store/atomic.ts';
import type { VerificationFacts } from '../verification.ts';

/**
 * What the secret scan of the run found, by place. Without a scan of what it changed nothing is known.
 * What stood in a file before is not its doing; what was hidden in the record needs a look.
 */
export async function readSecrets({ paths }: FoundRun): Promise<VerificationFacts['secrets']> {
  const value = await readJson(paths.secretFindings).catch(() => undefined);
  const parsed = secretFindings.safeParse(value).data;
  if (parsed === undefined) return { known: false, real: [], unsure: [], unscanned: [] };
  const { findings, scanned } = parsed;
  const own = findings.filter(({ preexisting }) => preexisting !== true);
  const isReal = ({ class: is, where }: SecretFinding) =>
    is === 'real_candidate' && where.kind !== 'event';
  const isUnsure = (one: SecretFinding) =>
    !isReal(one) && (one.class === 'unknown' || one.class === 'real_candidate');
  return {
    known: scanned.changes === 'scanned',
    real: own.filter(isReal).map(placeOf),
    unsure: own.filter(isUnsure).map(placeOf),
    unscanned: scanned.not_scanned.map(
      ({ path, reason }) => `${path} (${WHY.get(reason) ?? reason})`,
    ),
  };
}

const WHY: ReadonlyMap<string, string> = new Map([
  ['large', 'too large'],
  ['too_much', 'too much with the others'],
  ['not_kept', 'its content was not kept'],
  ['too_deep', 'a pattern gave up on it'],
]);

function placeOf({ rule, where }: SecretFinding): string {
  const { kind, path, line, seq } = where;
  if (path !== undefined) return `${path}${line === undefined ? '' : `:${line}`}: ${rule}`;
  return `${seq === undefined ? kind : `event ${seq}`}: ${rule}`;
}
