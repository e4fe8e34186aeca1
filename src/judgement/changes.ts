import { recordedChanges } from '../runs/changes/read.ts';
import type { FoundRun } from '../runs/find.ts';

/** What a run changed in the project, agent artifacts left out; lines of binary files count as none. */
export type Changes = {
  paths: string[];
  deletedFiles: number;
  added: number;
  deleted: number;
};

/** Undefined where it is not known: nobody compared, or the comparison did not see everything. */
export async function changesOf(found: FoundRun): Promise<Changes | undefined> {
  const stored = await recordedChanges(found).catch(() => undefined);
  if (stored === undefined || stored.problem !== undefined) return undefined;
  if (stored.changes?.complete === false) return undefined;
  const files = (stored.changes?.files ?? []).filter(({ area }) => area === 'source');
  return {
    paths: files.map(({ path }) => path),
    deletedFiles: files.filter(({ status }) => status === 'deleted').length,
    added: files.reduce((sum, file) => sum + (file.added ?? 0), 0),
    deleted: files.reduce((sum, file) => sum + (file.deleted ?? 0), 0),
  };
}

/** Changes that are for a person to decide (capabilities.md V23): by path, first match names it. */
const SENSITIVE: readonly [RegExp, string][] = [
  [
    /(^|\/)(package\.json|pyproject\.toml|setup\.(py|cfg)|requirements[^/]*\.txt|Pipfile|Cargo\.toml|go\.mod|Gemfile|composer\.json|pom\.xml|build\.gradle(\.kts)?|[^/]+\.csproj)$/,
    'dependencies',
  ],
  [
    /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock|Pipfile\.lock|Cargo\.lock|go\.sum|Gemfile\.lock|composer\.lock)$/,
    'dependencies',
  ],
  [/(^|\/)(\.github|\.gitlab|\.circleci|\.buildkite|\.ci)\//, 'continuous integration'],
  [
    /(^|\/)(\.gitlab-ci\.yml|Jenkinsfile|azure-pipelines\.yml|\.travis\.yml)$/,
    'continuous integration',
  ],
  [
    /(^|\/)(LICENSE|LICENCE|COPYING|CODEOWNERS|SECURITY\.md|AGENTS\.md|CLAUDE\.md)(\.\w+)?$/i,
    'policy',
  ],
  [/(^|\/)(ARCHITECTURE\.md|adrs?\/|architecture\/)/i, 'architecture'],
  [/(^|\/)(Dockerfile|docker-compose[^/]*\.ya?ml|[^/]+\.tf|migrations?\/)/, 'infrastructure'],
];

/** `path (why)` of every change a person should decide about. */
export function sensitiveChanges({ paths }: Changes): string[] {
  return paths.flatMap((path) => {
    const why = SENSITIVE.find(([pattern]) => pattern.test(path))?.[1];
    return why === undefined ? [] : [`${path} (${why})`];
  });
}
