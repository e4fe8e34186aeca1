import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { lazy } from '../../core/lazy.ts';

const loadYaml = /* @__PURE__ */ lazy(() => import('../../workspace/yaml.ts'));

const MAX_BYTES = 1 << 20;
const WRITABLE_BY_OTHERS = 0o022;
const OPEN_TO_OTHERS = 0o077;
const ROOT = 0;

export type ProfilesFile = {
  /** The profiles by name, as they are written. */
  entries: [name: string, value: unknown][];
  /** Nobody else can read it, so that a token may stand in it. */
  isPrivate: boolean;
  /** What is wrong with the file as a whole. */
  problems: string[];
};

/** Reads profiles.yaml as far as it can be read. Nothing of its content is quoted in a problem. */
export async function readProfilesFile(path: string): Promise<ProfilesFile> {
  try {
    const { mode, uid, size } = statSync(path);
    if (size > MAX_BYTES) return broken('larger than 1 MB. Is it the right file?');
    if (!isMine(uid) || isOpen(mode, WRITABLE_BY_OTHERS)) {
      return broken(
        `others can change it, and it names commands to run. Make it yours alone: chown it to your user, chmod 600 ${path}`,
      );
    }
    const value = await parsed(readFileSync(path, 'utf8'));
    return { ...sections(value), isPrivate: !isOpen(mode, OPEN_TO_OTHERS) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { entries: [], isPrivate: true, problems: [] };
    return broken(`${causeOf(error)}. None of its profiles is there until it is corrected`);
  }
}

async function parsed(text: string): Promise<unknown> {
  const { parse } = await loadYaml();
  return parse(text, { maxAliasCount: 100, prettyErrors: true });
}

function sections(value: unknown): Omit<ProfilesFile, 'isPrivate'> {
  // An empty file is one that is about to be written.
  if (value === null || value === undefined) return { entries: [], problems: [] };
  if (!isObject(value)) return broken('not a map. It takes `profiles:` and below it a name each');
  const { profiles, ...others } = value;
  const problems = Object.keys(others).map(
    (key) => `${key}: not known. Everything stands below \`profiles:\`.`,
  );
  if (profiles === null || profiles === undefined) return { entries: [], problems };
  if (!isObject(profiles)) {
    return { entries: [], problems: [...problems, 'profiles: not a map of names to profiles.'] };
  }
  return { entries: Object.entries(profiles), problems };
}

function broken(problem: string): ProfilesFile {
  return { entries: [], isPrivate: false, problems: [`${problem}.`] };
}

/** The parser's own messages show the line, and a token may stand there. */
function causeOf(error: unknown): string {
  const code = errnoOf(error) ?? 'no valid YAML';
  const place = isObject(error) && Array.isArray(error.linePos) ? error.linePos[0] : undefined;
  if (!isObject(place)) return `cannot be read (${code})`;
  return `not valid YAML (${code} in line ${place.line}, column ${place.col})`;
}

function isOpen(mode: number, bits: number): boolean {
  return process.platform !== 'win32' && (mode & bits) !== 0;
}

function isMine(uid: number): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own || uid === ROOT;
}
