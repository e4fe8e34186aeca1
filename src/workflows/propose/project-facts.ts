import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { objectAt, parseJson, stringAt } from '../../core/json.ts';

/** What of a project matters for a proposal. */
export type ProjectFacts = {
  /** The command its tests are run by; undefined: none was found. */
  tests: string | undefined;
  /** Directories with code and with tests, each ending with `/`; empty: none of the usual ones. */
  code: string[];
  testing: string[];
  /** Documents: directories and files. */
  documents: string[];
  /** Files of dependencies. */
  manifests: string[];
  isGit: boolean;
};

const CODE = [
  'src',
  'lib',
  'app',
  'apps',
  'packages',
  'pkg',
  'internal',
  'cmd',
  'crates',
  'server',
  'client',
];
const TESTING = ['test', 'tests', 'spec', '__tests__', 'e2e'];
const DOCUMENTS = ['docs/', 'doc/', 'README.md', 'CHANGELOG.md'];
const MANIFESTS = [
  'package.json',
  'package-lock.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'pyproject.toml',
  'requirements.txt',
  'uv.lock',
  'poetry.lock',
  'Cargo.toml',
  'Cargo.lock',
  'go.mod',
  'go.sum',
  'pom.xml',
  'Gemfile',
  'Gemfile.lock',
];
/** npm writes this script into every new package. */
const NO_TESTS = /no test specified/;
const MANIFEST_BYTES = 1 << 20;

export async function projectFacts(root: string): Promise<ProjectFacts> {
  const has = (name: string) => existsSync(join(root, name));
  return {
    tests: await testCommand(root, has),
    code: CODE.filter(has).map((name) => `${name}/`),
    testing: TESTING.filter(has).map((name) => `${name}/`),
    documents: DOCUMENTS.filter(has),
    manifests: MANIFESTS.filter(has),
    isGit: has('.git'),
  };
}

type Has = (name: string) => boolean;

async function testCommand(root: string, has: Has): Promise<string | undefined> {
  const manifest = parseJson((await textOf(join(root, 'package.json'))) ?? '');
  const script = stringAt(objectAt(manifest, 'scripts'), 'test');
  if (script !== undefined && !NO_TESTS.test(script)) return `${packageManager(has)} test`;
  if (has('Cargo.toml')) return 'cargo test';
  if (has('go.mod')) return 'go test ./...';
  if (has('pytest.ini') || has('pyproject.toml') || has('setup.py')) return 'python -m pytest';
  if (has('pom.xml')) return 'mvn test';
  if (has('gradlew')) return './gradlew test';
  return /^test:/m.test((await textOf(join(root, 'Makefile'))) ?? '') ? 'make test' : undefined;
}

function packageManager(has: Has): string {
  if (has('pnpm-lock.yaml')) return 'pnpm';
  return has('yarn.lock') ? 'yarn' : 'npm';
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size <= MANIFEST_BYTES ? await readFile(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
