import type { ChangedFile } from '../artifacts/changed-files.ts';

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

const PATTERNS: readonly (readonly [RiskKind, RegExp])[] = [
  [
    'dependencies',
    /(?:^|\/)(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|requirements[^/]*\.txt|pyproject\.toml|poetry\.lock|uv\.lock|Pipfile(?:\.lock)?|Cargo\.(?:toml|lock)|go\.(?:mod|sum)|Gemfile(?:\.lock)?|composer\.(?:json|lock)|build\.gradle(?:\.kts)?|pom\.xml|flake\.lock)$/,
  ],
  [
    'ci',
    /(?:^|\/)(?:\.github\/(?:workflows|actions)\/|\.circleci\/|\.buildkite\/|\.gitlab-ci\.yml$|Jenkinsfile$|azure-pipelines\.yml$|\.travis\.yml$|bitbucket-pipelines\.yml$|\.pre-commit-config\.yaml$|\.husky\/)/,
  ],
  [
    'tests',
    /(?:^|\/)(?:tests?|__tests__|specs?|e2e|fixtures|__snapshots__)\/|(?:[._-](?:test|spec)\.[^/]+|(?:^|\/)test_[^/]+\.py|_test\.(?:py|go|rb)|(?:^|\/)conftest\.py|(?:^|\/)(?:vitest|jest|playwright|cypress|karma|pytest|tox|nox)[^/]*\.(?:[cm]?[jt]s|json|ini|toml|cfg|py))$/i,
  ],
  ['migration', /(?:^|\/)(?:migrations?|alembic|flyway|db\/migrate)\/|\.sql$/i],
  [
    'security',
    /(?:^|[/._-])(?:auth|login|passwords?|secrets?|credentials?|tokens?|permissions?|crypto|security|acl|rbac|oauth|session)(?:[/._-]|$)|(?:^|\/)\.env/i,
  ],
  [
    'config',
    /(?:^|\/)(?:Makefile|Dockerfile[^/]*|docker-compose[^/]*|\.dockerignore|\.gitignore|\.gitattributes|\.gitmodules|\.editorconfig|\.npmrc|tsconfig[^/]*\.json|[^/]+\.config\.[cm]?[jt]s|[^/]+\.(?:ya?ml|toml|ini|cfg|conf|properties|tf))$/,
  ],
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
  return PATTERNS.filter(([, pattern]) => paths.some((one) => pattern.test(one))).map(
    ([kind]) => kind,
  );
}

const PROSE =
  /\.(?:md|mdx|rst|txt|adoc|png|jpe?g|gif|svg|webp|pdf)$|(?:^|\/)(?:LICENSE|CHANGELOG|NOTICE|docs\/)/i;

/** Source that does something changed, so that something should show that it still works. */
export function needsTests(files: readonly ChangedFile[]): boolean {
  return files.some(({ area, path, status }) => {
    return area === 'source' && status !== 'mode' && !PROSE.test(path);
  });
}
