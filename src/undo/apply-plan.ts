import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CcError } from '../core/errors.ts';
import { isText, mergeFile } from '../git/merge-file.ts';
import { eachBlob, readableBlobs } from '../git/whole/blobs.ts';
import { differencesOf, type PathDifference, type Then } from '../git/whole/differences.ts';
import { blobId, formatOf } from '../git/whole/object-id.ts';
import type { WholeSnapshot } from '../git/whole/whole.ts';
import { readChanges } from '../runs/changes/read.ts';
import { wholeOf } from '../runs/changes/snapshots.ts';
import { type FoundRun, findRun } from '../runs/find.ts';
import type { Worktree } from '../runs/record.ts';
import { readWorktree } from '../runs/worktrees/store.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { arrange } from './arrange.ts';
import { type FileState, lookAtFile } from './file-state.ts';
import type { Change } from './operate.ts';
import { ownTree } from './snapshots-of.ts';
import { placeIn, type Tree } from './tree.ts';

/** Content above this is not merged line by line. */
const MERGE_BYTES = 8 << 20;
const EXECUTABLE = 0o100;

export type ApplyPlan = {
  change: Change;
  /** Contents it writes, by id. */
  contents: Map<string, Buffer>;
  /** Contents it takes as they are from the run, with their sizes. */
  blobs: Map<string, number>;
  base: WholeSnapshot;
  after: WholeSnapshot;
  /** `path: why`, or `path: lines …` for each hunk that both changed. */
  conflicts: string[];
  /** Merged with edits of the user's. */
  merged: string[];
  already: number;
};

/** What the result of a run in a copy means for the project as it is now. Writes nothing. */
export async function planApply(
  host: Host,
  run: FoundRun,
  worktree: Worktree,
  oursIn: (tree: Tree, base: WholeSnapshot) => Promise<Ours> | Ours = filesNow,
): Promise<ApplyPlan> {
  const { base, after } = await sidesOf(host, run, worktree);
  const format = formatOf(base);
  const root = join(run.record.workspace, relative(worktree.root, base.root));
  const tree: Tree = { root, outside: [] };
  const ours = await oursIn(tree, base);
  const differences = await differencesOf(base, after, { env: host.env });
  const files = differences.files.filter(({ before, after: now }) => {
    return (now ?? before)?.area === 'source';
  });
  const ids = (side: 'before' | 'after') => files.flatMap((file) => file[side]?.oid ?? []);
  const theirs = await readableBlobs(after, ids('after'), host.env);
  const bases = await readableBlobs(base, ids('before'), host.env);
  const plan: ApplyPlan = {
    change: { ...tree, object_format: format, steps: [], folders: [], purge: [] },
    contents: new Map(),
    blobs: new Map(),
    base,
    after,
    conflicts: [],
    merged: [],
    already: 0,
  };
  for (const file of files) {
    await addFile(file, plan, { host, run, base, bases, theirs, ours });
  }
  const folders = differences.folders.flatMap(({ path, before, after: now }) =>
    now === null && before !== null ? [{ path, before, target: null }] : [],
  );
  const arranged = arrange(
    tree,
    format,
    plan.change.steps,
    folders,
    () => 0o777 & ~process.umask(),
  );
  plan.change.folders = arranged.folders;
  plan.conflicts.push(...arranged.obstacles.map((path) => `${path}: in the way`));
  return plan;
}

/** What the result is brought into: the files as they are now, or those of a commit. */
export type Ours = {
  look(path: string): FileState | undefined;
  read(path: string): Promise<Buffer>;
};

function filesNow(tree: Tree, base: WholeSnapshot): Ours {
  const format = formatOf(base);
  return {
    look: (path) => lookAtFile(placeIn(tree, path), format),
    read: (path) => readFile(placeIn(tree, path)),
  };
}

/** What the first run in the copy found, and what this one left. */
async function sidesOf(
  host: Host,
  run: FoundRun,
  worktree: Worktree,
): Promise<{ base: WholeSnapshot; after: WholeSnapshot }> {
  const first = (await readWorktree(host.home, worktree.id))?.runs[0] ?? run.record.run_id;
  const start = await findRun(host, first, run.workspace);
  const { changes, problem } = await readChanges(run);
  const [base, after] = [wholeOf(start.record.base?.snapshot), wholeOf(changes?.after)];
  if (base === undefined || after === undefined) {
    throw new CcError(
      'NOT_FOUND',
      `What ${run.record.run_id} changed is not known: ${problem ?? 'its snapshots are gone'}.`,
      { hint: 'Take what you need from its worktree by hand.' },
    );
  }
  await ownTree(host, start, [base]);
  await ownTree(host, run, [after]);
  return { base, after };
}

type Sides = {
  host: Host;
  run: FoundRun;
  base: WholeSnapshot;
  bases: ReadonlyMap<string, number>;
  theirs: ReadonlyMap<string, number>;
  ours: Ours;
};

async function addFile(file: PathDifference, plan: ApplyPlan, sides: Sides): Promise<void> {
  const { path, before, after: theirs } = file;
  const ours = sides.ours.look(path);
  if (theirs?.kind === 'submodule' || before?.kind === 'submodule') {
    plan.conflicts.push(`${path}: a submodule`);
  } else if (isSame(ours, theirs)) plan.already += 1;
  else if (isSame(ours, before)) takeTheirs(path, ours, theirs, plan, sides);
  else await merge(file, ours, plan, sides);
}

/** Content and whether it can be run; the other bits of a copy mean nothing here. */
function isSame(ours: FileState | undefined, other: Then | undefined): boolean {
  if (ours === undefined || other === undefined) return ours === other;
  if (ours.kind !== other.kind || ours.oid === undefined || ours.oid !== other.oid) return false;
  return ours.kind === 'link' || (ours.perm & EXECUTABLE) === (other.perm & EXECUTABLE);
}

function takeTheirs(
  path: string,
  ours: FileState | undefined,
  theirs: Then | undefined,
  plan: ApplyPlan,
  sides: Sides,
): void {
  const { steps } = plan.change;
  if (theirs === undefined) {
    steps.push({ path, before: ours ?? null, target: null });
    return;
  }
  const { kind, oid, link } = theirs;
  const size = oid === undefined ? undefined : sides.theirs.get(oid);
  const isKept = link !== undefined || size !== undefined;
  if ((kind !== 'file' && kind !== 'link') || oid === undefined || !isKept) {
    plan.conflicts.push(`${path}: its content was not kept`);
    return;
  }
  if (size !== undefined) plan.blobs.set(oid, size);
  const target = {
    kind,
    perm: permFor(ours, theirs),
    oid,
    ...(link === undefined ? {} : { link }),
  };
  steps.push({ path, before: ours ?? null, target });
}

/** The user's own bits, with the run's say about whether it can be run. */
function permFor(ours: FileState | undefined, theirs: Then): number {
  if (ours?.kind !== 'file') return theirs.perm;
  if ((ours.perm & EXECUTABLE) === (theirs.perm & EXECUTABLE)) return ours.perm;
  return theirs.perm;
}

async function merge(
  { path, before, after: theirs }: PathDifference,
  ours: FileState | undefined,
  plan: ApplyPlan,
  { host, run, base, bases, theirs: sizes, ours: own }: Sides,
): Promise<void> {
  const conflict = (why: string) => plan.conflicts.push(`${path}: ${why}`);
  if (ours === undefined) return void conflict('deleted here, changed by the run');
  if (theirs === undefined) return void conflict('changed here, deleted by the run');
  if (before === undefined) return void conflict('made here as well, with other content');
  const all = [ours, before, theirs];
  const isSmall = [bases.get(before.oid ?? ''), sizes.get(theirs.oid ?? '')].every(
    (size) => size !== undefined && size <= MERGE_BYTES,
  );
  if (!isSmall || all.some(({ kind }) => kind !== 'file')) {
    return void conflict('changed here, too, and cannot be merged');
  }
  const read = async (snapshot: WholeSnapshot, oid: string, known: ReadonlyMap<string, number>) => {
    let content = Buffer.alloc(0);
    const one = new Map([[oid, known.get(oid) ?? 0]]);
    await eachBlob(snapshot, one, host.env, async (_id, bytes) => {
      content = Buffer.from(bytes);
    });
    return content;
  };
  const contents = {
    ours: await own.read(path),
    base: await read(base, before.oid ?? '', bases),
    theirs: await read(plan.after, theirs.oid ?? '', sizes),
  };
  if (blobId(contents.ours, plan.change.object_format) !== ours.oid) {
    return void conflict('changes right now');
  }
  if (!Object.values(contents).every(isText)) return void conflict('binary, changed here, too');
  const scratch = privateRunPaths(host.home, run.record.run_id).dir;
  const merged = await mergeFile(scratch, host.env, contents);
  if ('hunks' in merged) return void merged.hunks.forEach(conflict);
  const oid = blobId(merged.content, plan.change.object_format);
  const perm = permFor(ours, theirs);
  if (oid === ours.oid && perm === ours.perm) {
    plan.already += 1;
    return;
  }
  plan.contents.set(oid, merged.content);
  plan.merged.push(path);
  plan.change.steps.push({
    path,
    before: ours,
    target: { kind: 'file', perm, oid },
  });
}
