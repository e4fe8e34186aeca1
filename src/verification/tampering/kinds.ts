import { isOfKind, type PathKind } from '../../runs/changes/path-kinds.ts';

/** What a file is to the checks of a project: one thing, the first that fits. */
export type FileKind = 'test' | 'snapshot' | 'ci' | 'runner' | 'scripts' | 'manifest' | 'source';

const KINDS: readonly (readonly [FileKind, readonly PathKind[]])[] = [
  ['ci', ['ci']],
  ['runner', ['test_runner', 'tooling']],
  ['manifest', ['manifest']],
  ['snapshot', ['snapshot']],
  ['test', ['test']],
  ['scripts', ['script', 'build']],
];

export function kindOf(path: string): FileKind {
  return KINDS.find(([, kinds]) => isOfKind(path, ...kinds))?.[0] ?? 'source';
}
