/**
 * What a file is, told from its path alone. A path may be of several kinds or of none. Which of them
 * matter, and for what, is for those to say who ask.
 */
const PATTERNS = {
  /** Names dependencies, and how checks are run. */
  manifest:
    /(?:^|\/)(?:package\.json|pyproject\.toml|setup\.cfg|Cargo\.toml|composer\.json|deno\.jsonc?)$/i,
  /** Names dependencies only. */
  requirements:
    /(?:^|\/)(?:(?:requirements|constraints)[^/]*\.txt|setup\.py|Pipfile|go\.mod|Gemfile|flake\.nix|[^/]+\.csproj)$/i,
  lockfile:
    /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock|poetry\.lock|uv\.lock|Pipfile\.lock|Cargo\.lock|go\.sum|Gemfile\.lock|composer\.lock|flake\.lock)$/i,
  /** Names dependencies, and is a program that builds and tests. */
  build: /(?:^|\/)(?:build\.gradle(?:\.kts)?|pom\.xml)$/i,
  ci: /(?:^|\/)(?:\.github\/(?:workflows|actions)\/|\.gitlab-ci[^/]*\.ya?ml$|\.gitlab\/ci\/|\.circleci\/|\.buildkite\/|\.ci\/|\.woodpecker|\.drone\.yml$|azure-pipelines[^/]*\.ya?ml$|Jenkinsfile|\.travis\.yml$|bitbucket-pipelines\.yml$|appveyor\.yml$|\.husky\/|\.pre-commit-config\.yaml$|lefthook\.ya?ml$|codecov\.ya?ml$|\.codecov\.ya?ml$|sonar-project\.properties$)/i,
  test: /(?:^|\/)(?:__tests__|__mocks__|tests?|specs?|e2e|cypress|testing)\/|(?:^|\/)[^/]*(?:[._-](?:test|tests|spec|e2e|cy)\.[cm]?[jt]sx?|_test\.(?:go|py|rb|exs|dart|cc|cpp)|_spec\.rb|\.feature|\.bats|Tests?\.(?:java|kt|cs|swift|php|scala)|Spec\.(?:scala|groovy|kt))$|(?:^|\/)test_[^/]*\.py$|(?:^|\/)[^/]+\.t$|(?:^|\/)test\.[cm]?[jt]sx?$|(?:^|\/)tests?\.(?:py|rs|sh)$/i,
  /** What tests expect or feed on. */
  snapshot:
    /(?:^|\/)__snapshots__\/|\.snap$|(?:^|\/)(?:__image_snapshots__|testdata|golden|fixtures)\/|\.golden(?:\.\w+)?$|\.approved\.\w+$/i,
  /** Says which tests run, and how. */
  test_runner:
    /(?:^|\/)(?:(?:vitest|jest|karma|playwright|cypress|ava|wdio|protractor|stryker|nyc|c8|web-test-runner)(?:\.[\w-]+)*\.(?:[cm]?[jt]s|json|ya?ml)|\.mocharc[^/]*|\.nycrc[^/]*|\.c8rc[^/]*|\.taprc|jest\.setup\.[^/]+|vitest\.setup\.[^/]+|setupTests\.[^/]+|conftest\.py|pytest\.ini|tox\.ini|noxfile\.py|\.coveragerc|nextest\.toml|phpunit[^/]*\.xml[^/]*|\.rspec|CTestTestfile\.cmake|\.env\.test[^/]*)$/i,
  /** Settings of the tools that tests and checks go through. */
  tooling:
    /(?:^|\/)(?:vite\.config\.[cm]?[jt]s|\.bazelrc|\.eslintrc[^/]*|eslint\.config\.[^/]+|biome\.jsonc?|\.npmrc|\.yarnrc[^/]*|bunfig\.toml|\.pnpmfile\.cjs|sitecustomize\.py|usercustomize\.py|\.babelrc[^/]*|babel\.config\.[^/]+|\.swcrc|gradle\.properties|tsconfig[^/]*\.json|mypy\.ini|ruff\.toml|\.golangci\.ya?ml)$/i,
  /** Scripts by which checks are run. */
  script:
    /(?:^|\/)(?:(?:GNU)?[Mm]akefile|[^/]+\.mk|[Jj]ustfile|Taskfile\.ya?ml|Rakefile|(?:scripts?|bin|tools|ci)\/[^/]*(?:test|check|ci|lint|verify|coverage)[^/]*|(?:run[-_]?)?(?:tests?|checks?|ci)\.(?:sh|ps1|bat|cmd|mjs|js|py))$/i,
  migration: /(?:^|\/)(?:migrations?|alembic|flyway|db\/migrate)\//i,
  sql: /\.sql$/i,
  infrastructure: /(?:^|\/)(?:Dockerfile[^/]*|docker-compose[^/]*|compose\.ya?ml|[^/]+\.tf)$/i,
  settings:
    /(?:^|\/)(?:Makefile|\.dockerignore|\.gitignore|\.gitattributes|\.gitmodules|\.editorconfig|[^/]+\.config\.[cm]?[jt]s|[^/]+\.(?:ya?ml|toml|ini|cfg|conf|properties))$/i,
  security:
    /(?:^|[/._-])(?:auth|login|passwords?|secrets?|credentials?|tokens?|permissions?|crypto|security|acl|rbac|oauth|session)(?:[/._-]|$)|(?:^|\/)\.env/i,
  /** Rules for people and agents, and what the host of a repository reads. */
  policy:
    /(?:^|\/)(?:LICENSE|LICENCE|COPYING|CODEOWNERS|SECURITY\.md|AGENTS\.md|CLAUDE\.md)(?:\.\w+)?$|(?:^|\/)\.(?:github|gitlab)\//i,
  architecture: /(?:^|\/)(?:ARCHITECTURE\.md|adrs?\/|architecture\/)/i,
  /** Words for people, which no test can be about. */
  prose:
    /(?:^|\/)(?!(?:requirements|constraints)[^/]*\.txt$|CMakeLists\.txt$)[^/]*\.(?:md|mdx|txt|rst|adoc)$/i,
} as const satisfies Record<string, RegExp>;
export type PathKind = keyof typeof PATTERNS;

export function isOfKind(path: string, ...kinds: readonly PathKind[]): boolean {
  return kinds.some((kind) => PATTERNS[kind].test(path));
}

/** The kinds that say what a project depends on. */
export const DEPENDENCIES = [
  'manifest',
  'requirements',
  'lockfile',
  'build',
] as const satisfies readonly PathKind[];
