import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import type { Role } from '../../core/vocabulary.ts';
import { diffWorkingTree } from '../../git/diff.ts';
import { matchesScope } from '../../workers/claude/guard.ts';
import { protectedMatcher } from '../../workers/claude/protected-paths.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';
import type { Place } from '../../workspace/resolve.ts';
import { activeRuns } from '../list.ts';
import { planSafety } from '../plan-safety.ts';
import { posture, runScope } from '../record.ts';
import { parseGlob, takesAway } from './globs.ts';
import { scopesOverlap } from './overlap.ts';
import type { ScopeRequest } from './request.ts';

const loadGlob = /* @__PURE__ */ lazy(() => import('fast-glob'));

/** Files that are counted; a scope that matches more is not told exactly. */
const MAX_COUNTED = 20_000;
const SAMPLES = 5;
const NAMED = 10;

export const preflight = z.object({
  scope: runScope,
  matches: z.object({
    files: z.number(),
    /** There are more. */
    more: z.literal(true).optional(),
    samples: z.array(z.string()),
  }),
  /** Files that the globs match and that nobody may change. */
  protected: z.array(z.string()),
  posture,
  problems: z.array(z.object({ code: z.string(), text: z.string() })),
});
export type Preflight = z.infer<typeof preflight>;
type Problem = Preflight['problems'][number];

/** What a scope would mean here, before a run is started with it. Changes nothing. */
export async function preflightScope(
  host: Host,
  { cwd, workspace }: Place,
  request: { role: Role; scope: ScopeRequest },
): Promise<Preflight> {
  const policy = await readPolicy(host.home);
  const place = { cwd, root: workspace.root };
  const safety = await planSafety(host, place, policy, {
    ...request,
    allowWrite: true,
    officialLogin: false,
  });
  const scope = safety.scope ?? { paths: [], commands: [] };
  const isProtected = protectedMatcher(policy.protected_paths);
  const toRoot = (path: string) => relative(place.root, join(cwd, path)).split(sep).join('/');
  const { files, isCut } = await filesIn(cwd, scope.paths);
  const open = files.filter((path) => !isProtected(toRoot(path)));
  const held = files.filter((path) => isProtected(toRoot(path)));
  const dirty = await dirtyIn(host, place, scope.paths);
  const writers = (await activeRuns(workspace)).filter(
    ({ record }) => record.scope !== null && scopesOverlap({ cwd, ...scope }, placed(record)),
  );
  return {
    scope,
    matches: {
      files: open.length,
      ...(isCut ? { more: true } : {}),
      samples: open.slice(0, SAMPLES),
    },
    protected: held.slice(0, NAMED),
    posture: safety.posture,
    problems: [
      ...scope.paths.flatMap((glob) => globProblems(glob, place, files)),
      ...problem('dirty', dirty, 'have changes of yours that are not committed'),
      ...problem(
        'overlap',
        writers.map(({ record }) => record.run_id),
        'may change the same files now',
      ),
    ],
  };
}

function placed({ cwd, scope }: { cwd: string; scope: { paths: string[] } | null }) {
  return { cwd, paths: scope?.paths ?? [] };
}

function globProblems(text: string, { cwd, root }: { cwd: string; root: string }, files: string[]) {
  if (takesAway(text)) return [];
  const { glob, base, isPlain } = parseGlob(text);
  const found: Problem[] = [];
  const nearest = isPlain ? join(cwd, base, '..') : join(cwd, base);
  if (!files.some((path) => matchesScope([glob], path)) && !existsSync(nearest)) {
    found.push({ code: 'no_match', text: `${glob} matches nothing, and ${base} does not exist.` });
  }
  if (!isPlain && join(cwd, base) === root && matchesScope([glob], 'any/file.txt')) {
    found.push({ code: 'whole_project', text: `${glob} is the whole project.` });
  }
  return found;
}

function problem(code: string, names: readonly string[], what: string): Problem[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return [{ code, text: `${names.slice(0, NAMED).join(', ')}${more} ${what}.` }];
}

/** Files that the globs match now, relative to the worker's directory; dependencies are not counted. */
async function filesIn(cwd: string, paths: readonly string[]) {
  const { default: glob } = await loadGlob();
  const wanted = paths.filter((path) => !takesAway(path)).map((path) => parseGlob(path).glob);
  const files: string[] = [];
  if (wanted.length === 0) return { files, isCut: false };
  const stream = glob.stream(wanted, {
    cwd,
    dot: true,
    followSymbolicLinks: false,
    suppressErrors: true,
    ignore: ['**/.git/**', '**/.agent-workspace/**', '**/node_modules/**'],
  });
  for await (const entry of stream) {
    if (files.length === MAX_COUNTED) return { files, isCut: true };
    const path = String(entry);
    if (matchesScope(paths, path)) files.push(path);
  }
  return { files: files.sort(), isCut: false };
}

/** The user's own unfinished work inside of the scope; none where there is no git. */
async function dirtyIn(
  host: Host,
  { cwd, root }: { cwd: string; root: string },
  paths: readonly string[],
): Promise<string[]> {
  const diff = await diffWorkingTree(root, { env: host.env, maxPatchBytes: 0 }).catch(
    () => undefined,
  );
  return (diff?.files ?? [])
    .filter((file) => !file.artifact)
    .map(({ path }) => relative(cwd, join(root, path)).split(sep).join('/'))
    .filter((path) => matchesScope(paths, path));
}
