/** What a file is to the checks of a project, told from its path alone. */
export type FileKind = 'test' | 'snapshot' | 'ci' | 'runner' | 'scripts' | 'manifest' | 'source';

const SNAPSHOT =
  /(?:^|\/)__snapshots__\/|\.snap$|(?:^|\/)(?:__image_snapshots__|testdata|golden|fixtures)\/|\.golden(?:\.\w+)?$|\.approved\.\w+$/i;
const TEST =
  /(?:^|\/)(?:__tests__|__mocks__|tests?|specs?|e2e|cypress|testing)\/|(?:^|\/)[^/]*(?:[._-](?:test|tests|spec|e2e|cy)\.[cm]?[jt]sx?|_test\.(?:go|py|rb|exs|dart|cc|cpp)|_spec\.rb|\.feature|\.bats|Tests?\.(?:java|kt|cs|swift|php|scala)|Spec\.(?:scala|groovy|kt))$|(?:^|\/)test_[^/]*\.py$|(?:^|\/)[^/]+\.t$|(?:^|\/)test\.[cm]?[jt]sx?$|(?:^|\/)tests?\.(?:py|rs|sh)$/i;
const CI =
  /(?:^|\/)(?:\.github\/(?:workflows|actions)\/|\.gitlab-ci[^/]*\.ya?ml$|\.circleci\/|\.buildkite\/|\.woodpecker|\.drone\.yml$|azure-pipelines[^/]*\.ya?ml$|Jenkinsfile|\.travis\.yml$|bitbucket-pipelines\.yml$|appveyor\.yml$|\.husky\/|\.pre-commit-config\.yaml$|lefthook\.ya?ml$|codecov\.ya?ml$|\.codecov\.ya?ml$|sonar-project\.properties$)/i;
const RUNNER =
  /(?:^|\/)(?:(?:vitest|jest|karma|playwright|cypress|ava|wdio|protractor|stryker|nyc|c8|web-test-runner)(?:\.[\w-]+)*\.(?:[cm]?[jt]s|json|ya?ml)|vite\.config\.[cm]?[jt]s|\.mocharc[^/]*|\.nycrc[^/]*|\.c8rc[^/]*|\.taprc|jest\.setup\.[^/]+|vitest\.setup\.[^/]+|setupTests\.[^/]+|conftest\.py|pytest\.ini|tox\.ini|noxfile\.py|\.coveragerc|nextest\.toml|phpunit[^/]*\.xml[^/]*|\.rspec|\.bazelrc|CTestTestfile\.cmake|\.eslintrc[^/]*|eslint\.config\.[^/]+|biome\.jsonc?|\.npmrc|\.yarnrc[^/]*|bunfig\.toml|\.pnpmfile\.cjs|sitecustomize\.py|usercustomize\.py|\.babelrc[^/]*|babel\.config\.[^/]+|\.swcrc|gradle\.properties|\.env\.test[^/]*|tsconfig[^/]*\.json|mypy\.ini|ruff\.toml|\.golangci\.ya?ml)$/i;
const SCRIPTS =
  /(?:^|\/)(?:(?:GNU)?[Mm]akefile|[^/]+\.mk|[Jj]ustfile|Taskfile\.ya?ml|Rakefile|build\.gradle(?:\.kts)?|pom\.xml|noxfile\.py|(?:scripts?|bin|tools|ci)\/[^/]*(?:test|check|ci|lint|verify|coverage)[^/]*|(?:run[-_]?)?(?:tests?|checks?|ci)\.(?:sh|ps1|bat|cmd|mjs|js|py))$/i;
const MANIFEST =
  /(?:^|\/)(?:package\.json|pyproject\.toml|setup\.cfg|Cargo\.toml|composer\.json|deno\.jsonc?)$/i;

const PROSE = /\.(?:md|mdx|txt|rst|adoc)$/i;

/** Words for people, which no test can be about. */
export function isProse(path: string): boolean {
  return PROSE.test(path);
}

export function kindOf(path: string): FileKind {
  if (CI.test(path)) return 'ci';
  if (RUNNER.test(path)) return 'runner';
  if (MANIFEST.test(path)) return 'manifest';
  if (SNAPSHOT.test(path)) return 'snapshot';
  if (TEST.test(path)) return 'test';
  return SCRIPTS.test(path) ? 'scripts' : 'source';
}
