import { plural } from '../../core/text.ts';
import type { ChangedFile, ChangedFiles } from '../artifacts/changed-files.ts';
import { isUnexplained, isViolation } from './record-changes.ts';

export type ScopeCheck = {
  /** `unknown`: not everything could be seen, or somebody else edited; never to be read as a pass. */
  status: 'pass' | 'fail' | 'unknown';
  reasons: string[];
  violations: Pick<ChangedFile, 'path' | 'status' | 'scope' | 'by' | 'area'>[];
  unattributed: string[];
};

/** Whether a run stayed in its scope, from its recorded changes alone. */
export function checkScope(changes: ChangedFiles, isReadOnly: boolean): ScopeCheck {
  const violations = changes.files.filter(isViolation);
  const unattributed = changes.files.filter(isUnexplained);
  const failures = [
    ...(violations.length > 0
      ? [`${plural(violations.length, 'file')} changed outside of its scope`]
      : []),
    ...changes.over_limits,
  ];
  const doubts = [
    ...(unattributed.length > 0
      ? [
          `${plural(unattributed.length, 'file')} changed meanwhile that no call of the worker explains`,
        ]
      : []),
    ...(changes.complete
      ? []
      : [
          `not everything could be seen: ${plural(changes.not_captured.length, 'place was', 'places were')} left out`,
        ]),
    ...(isReadOnly && changes.files.length > 0 ? ['the run was read-only'] : []),
  ];
  return {
    status: failures.length > 0 ? 'fail' : doubts.length > 0 ? 'unknown' : 'pass',
    reasons: [...failures, ...doubts],
    violations: violations.map(({ path, status, scope, by, area }) => ({
      path,
      status,
      scope,
      by,
      area,
    })),
    unattributed: unattributed.map(({ path }) => path),
  };
}
