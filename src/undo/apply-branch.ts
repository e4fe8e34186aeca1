import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';
import { oneLine } from '../core/text.ts';
import { type Git, openGit } from '../git/git.ts';
import { locate } from '../git/repository.ts';
import { eachBlob } from '../git/whole/blobs.ts';
import { listOpened } from '../git/whole/index-list.ts';
import type { WholeSnapshot } from '../git/whole/whole.ts';
import { appendEntry } from '../ledger/append.ts';
import type { Actor } from '../ledger/entry.ts';
import type { Facts } from '../ledger/facts.ts';
import type { FoundRun } from '../runs/find.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import type { ApplyPlan, Ours } from './apply-plan.ts';
import type { Tree } from './tree.ts';

const LIMITS = { timeoutMs: 120_000 };
const MAX_BYTES = 128 << 20;
const SUBJECT_CHARS = 72;

/** The files of the commit that the run began at. */
export function filesOfCommit(host: Host, run: FoundRun) {
  return async ({ root }: Tree, { head }: WholeSnapshot): Promise<Ours> => {
    if (head === null) {
      throw new CcError('BAD_INPUT', 'There is no commit that a branch could begin at.', {
        hint: 'Apply it as: patch.',
      });
    }
    return withIndex(host, run, root, head, async (git) => {
      const entries = await listOpened(git, LIMITS);
      return {
        look: (path) => {
          const entry = entries.get(path);
          if (entry === undefined) return undefined;
          const { mode, oid } = entry;
          const kind = mode === '120000' ? 'link' : mode.startsWith('100') ? 'file' : 'other';
          return { kind, perm: mode === '100755' ? 0o755 : 0o644, oid };
        },
        read: async (path) => {
          const args = ['cat-file', 'blob', entries.get(path)?.oid ?? ''];
          const user = await openGit(root, { env: host.env });
          return (await user.run(args, { ...LIMITS, maxBytes: MAX_BYTES })).stdout;
        },
      };
    });
  };
}

/**
 * The result as one commit on a branch of its own, on top of the commit the run began at. Neither HEAD
 * nor index nor any file of the user's is touched. What the user had not committed is not in it.
 */
export async function applyBranch(
  host: Host,
  run: FoundRun,
  { change, contents, blobs, base, after }: ApplyPlan,
  { actor, facts }: { actor: Actor; facts: Facts },
): Promise<string> {
  const { record, workspace } = run;
  const head = base.head ?? '';
  const branch = `cc/${record.run_id.slice(-8)}`;
  const scratch = join(privateRunPaths(host.home, record.run_id).dir, `.branch-${randomBase32(8)}`);
  await makePrivateDir(scratch);
  try {
    const put = async (id: string, content: Uint8Array) =>
      writeFile(join(scratch, id), content, { mode: 0o600 });
    for (const [id, content] of contents) await put(id, content);
    await eachBlob(after, blobs, host.env, put);
    const commit = await withIndex(host, run, change.root, head, async (git) => {
      const ids = [...contents.keys(), ...blobs.keys()];
      if (ids.length > 0) {
        const input = ids.map((id) => `${join(scratch, id)}\n`).join('');
        const args = ['hash-object', '-w', '--no-filters', '--stdin-paths'];
        await git.run(args, { ...LIMITS, input });
      }
      await git.run(['update-index', '-z', '--index-info'], {
        ...LIMITS,
        input: await indexInfo(git, change.steps, head.length),
      });
      const tree = await git.text(['write-tree'], LIMITS);
      const message = `${oneLine(record.title, SUBJECT_CHARS)}\n\nRun: ${record.run_id}\n`;
      return git.text(['commit-tree', tree, '-p', head, '-m', message], LIMITS);
    });
    await appendEntry(host, workspace, {
      kind: 'apply',
      subject: record.run_id,
      actor,
      facts: { ...facts, branch, commit },
    });
    const git = await openGit(change.root, { env: host.env });
    await git.run(['update-ref', `refs/heads/${branch}`, commit, '0'.repeat(head.length)], LIMITS);
    return branch;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function indexInfo(
  git: Git,
  steps: ApplyPlan['change']['steps'],
  idChars: number,
): Promise<string> {
  const lines: string[] = [];
  for (const { path, target } of steps) {
    if (target === null) lines.push(`0 ${'0'.repeat(idChars)}\t${path}`);
    else if (target.kind === 'link') {
      const link = target.link;
      const args = ['hash-object', '-w', '--stdin'];
      const oid =
        link === undefined ? target.oid : await git.text(args, { ...LIMITS, input: link });
      lines.push(`120000 ${oid}\t${path}`);
    } else {
      const mode = (target.perm & 0o100) === 0 ? '100644' : '100755';
      lines.push(`${mode} ${target.oid}\t${path}`);
    }
  }
  // Removals first, so that a file can take the place of a directory.
  return lines
    .sort()
    .map((line) => `${line}\0`)
    .join('');
}

/** Git on the user's objects with an index of our own, which holds that commit. */
async function withIndex<T>(
  host: Host,
  { record }: FoundRun,
  root: string,
  head: string,
  work: (git: Git) => Promise<T>,
): Promise<T> {
  const { env } = host;
  const { gitDir } = await locate(await openGit(root, { env }));
  const indexFile = join(
    privateRunPaths(host.home, record.run_id).dir,
    `.index-${randomBase32(8)}`,
  );
  try {
    const git = await openGit(root, { env, repository: { gitDir, workTree: root, indexFile } });
    await git.run(['read-tree', head], LIMITS);
    return await work(git);
  } finally {
    await rm(indexFile, { force: true });
    await rm(`${indexFile}.lock`, { force: true });
  }
}
