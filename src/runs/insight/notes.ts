import { truncate } from '../../core/text.ts';
import type { RunEvent } from '../events.ts';
import { type FlagCode, raiseFlag, type Severity } from './flags.ts';
import type { Finding, Insight } from './insight.ts';

/** The journal has to tell of it when it is new, or worse than before. */
export function raise(
  insight: Insight,
  code: FlagCode,
  severity: Severity,
  event: RunEvent,
  evidence: string,
): void {
  if (raiseFlag(insight.flags, code, severity, event, evidence)) insight.untold = true;
  insight.flags_rev += 1;
}

const FINDINGS_KEPT = 20;
const FINDING_CHARS = 240;
/** What no event of its own shows: it takes the call and its result together. */
const PUBLISHED: ReadonlySet<Finding['kind']> = new Set(['test', 'change']);

/** Something a controller may want to know. The latest are kept. */
export function find(
  insight: Insight,
  event: RunEvent,
  kind: Finding['kind'],
  text: string,
  extra: { quote?: true } = {},
): void {
  const finding = { seq: event.seq, kind, text: truncate(text, FINDING_CHARS), ...extra };
  insight.findings = [...insight.findings, finding].slice(-FINDINGS_KEPT);
  if (PUBLISHED.has(kind)) {
    insight.unpublished = [...insight.unpublished, finding].slice(-FINDINGS_KEPT);
  }
}

/** Events that mean progress between two checkpoints, and least between two for another phase. */
const CHECKPOINT_EVERY = 25;
const CHECKPOINT_LEAST = 5;

/** One step forward. Every so often, and when the work has become another, a checkpoint is due. */
export function advance(insight: Insight): void {
  insight.meaningful += 1;
  const { checkpoint, phase, meaningful } = insight;
  const since = meaningful - checkpoint.at;
  const isOther = phase !== checkpoint.phase;
  const isDue =
    since >= CHECKPOINT_EVERY || (isOther && (since >= CHECKPOINT_LEAST || phase === 'finished'));
  if (isDue) insight.checkpoint = { number: checkpoint.number + 1, at: meaningful, phase };
}
