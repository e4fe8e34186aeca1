import { ID_RULE } from '../limits.ts';

/** Keys and indices from the top of the file. */
export type Path = readonly (string | number)[];

/** What is wrong with a workflow file, where, and what to do about it. */
export type Problem = {
  /** A warning does not keep the workflow from running. */
  level: 'error' | 'warning';
  code: ProblemCode;
  file: string;
  /** From 1. */
  line: number;
  column: number;
  /** `nodes.review.needs[0]`; empty for the file as a whole. */
  path: string;
  message: string;
  fix: string;
};

/** Every code with the usual way out of it. The predecessor's codes keep their names. */
export const PROBLEM_FIXES = {
  unreadable: 'Check the path; it is relative to the project.',
  too_large: 'Split it: let one file use others (type: workflow).',
  syntax: 'Correct the YAML there.',
  duplicate_key: 'Keep one of them.',
  duplicate_id: 'Rename one of them; upper and lower case do not tell ids apart.',
  invalid_id: `An id is ${ID_RULE}.`,
  unknown_key: 'Remove it.',
  wrong_type: 'Correct the value.',
  wrong_value: 'Correct the value.',
  missing_key: 'Add it.',
  no_nodes: 'Add at least one node below nodes.',
  missing_dependency: 'Name a node of this file, or remove it.',
  cycle_detected: 'Remove one of these needs; to go back, use on_fail of a gate.',
  unreachable: 'Remove it, or let it wait for nodes that can be reached.',
  outside_project: 'Paths are relative to the project and stay in it.',
  unknown_profile: 'cc_list_profiles shows those there are.',
  unknown_role: 'Use a built-in role or define it below roles.',
  missing_write_scope: 'Add write_scope with allow: the globs it may change.',
  overlapping_writers: 'Let one wait for the other, or give them isolation: worktree.',
  unused_write_scope: 'Add allow_write: true, or remove write_scope.',
  missing_retry_target: 'Name the node to go back to.',
  invalid_retry_target: 'Name a node the gate waits for, directly or through others.',
  invalid_handler: 'Name an agent or command node that only this on_failure runs.',
  not_dominated: 'Let every way to it go through the verifier.',
  invalid_verifier: 'Use a node whose failure stops what follows.',
  invalid_expression: 'See docs/workflows.md, Expressions.',
  unknown_field: 'Use a field that exists.',
  not_upstream: 'Add that node to needs, directly or through others.',
  invalid_expansion: 'Use for_each or matrix, within the limit.',
  invalid_delegation: 'Name roles that agent nodes of this file use.',
  invalid_uses: 'Use a file beside this one or below.',
  recursion: 'A workflow cannot contain itself.',
  no_effect: 'Remove it.',
  hidden_exit_code: 'Leave that part away: what a command prints is kept, and its end is shown.',
} as const;
export type ProblemCode = keyof typeof PROBLEM_FIXES;

export function pathText(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === 'number'
        ? `[${part}]`
        : /^[\w-]*$/.test(part)
          ? `${index === 0 ? '' : '.'}${part}`
          : `[${JSON.stringify(part)}]`,
    )
    .join('');
}

/** `file:line:column path: message Fix`, one line. */
export function problemLine({ file, line, column, path, message, fix }: Problem): string {
  const where = path === '' ? '' : ` ${path}:`;
  return `${file}:${line}:${column}:${where} ${message}. ${fix}`;
}
