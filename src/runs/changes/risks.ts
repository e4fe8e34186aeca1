import type { ChangedFile } from '../artifacts/changed-files.ts';
import { DEPENDENCIES, isOfKind, type PathKind } from './path-kinds.ts';

/** Kinds of files a change of which deserves a look of its own, told by their paths alone. */
export const RISK_KINDS = [
  'dependencies',
  'ci',
  'tests',
  'config',
  'migration',
  'security',
  'git',
] as const;
export type RiskKind = (typeof RISK_KINDS)[number];

const KINDS: readonly (readonly [RiskKind, readonly PathKind[]])[] = [
  ['dependencies', DEPENDENCIES],
  ['ci', ['ci']],
  ['tests', ['test', 'snapshot', 'test_runner']],
  ['migration', ['migration', 'sql']],
  ['security', ['security']],
  ['config', ['settings', 'tooling', 'infrastructure']],
];

export function risksOf(files: readonly ChangedFile[]): { kind: RiskKind; paths: string[] }[] {
  const found = new Map<RiskKind, string[]>();
  for (const file of files) {
    for (const kind of kindsOf(file)) {
      found.set(kind, [...(found.get(kind) ?? []), file.path]);
    }
  }
  return RISK_KINDS.flatMap((kind) => {
    const paths = found.get(kind);
    return paths === undefined ? [] : [{ kind, paths }];
  });
}

function kindsOf({ path, old_path, area, generated }: ChangedFile): RiskKind[] {
  if (area === 'git') return ['git'];
  if (area === 'artifact' || generated === true) return [];
  const paths = [path, ...(old_path === undefined ? [] : [old_path])];
  return KINDS.filter(([, kinds]) => paths.some((one) => isOfKind(one, ...kinds))).map(
    ([kind]) => kind,
  );
}

const NO_CODE = /\.(?:png|jpe?g|gif|svg|webp|pdf)$|(?:^|\/)(?:LICENSE|CHANGELOG|NOTICE|docs\/)/i;

/** Source that does something changed, so that something should show that it still works. */
export function needsTests(files: readonly ChangedFile[]): boolean {
  return files.some(({ area, path, status }) => {
    return (
      area === 'source' && status !== 'mode' && !isOfKind(path, 'prose') && !NO_CODE.test(path)
    );
  });
}
