import { copyFile, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { newId } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import { lazy } from '../core/lazy.ts';
import { makePrivate, makePrivateDir, PRIVATE_FILE, writeFileAtomic } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import type { UserHome } from './home.ts';
import { parsePolicy } from './policy.ts';

const loadYaml = /* @__PURE__ */ lazy(() => import('./yaml.ts'));
const TURN_MS = 10_000;

/** A value of policy.yaml by its path; undefined removes it. */
export type PolicyChange = { path: readonly string[]; value: unknown };

export type PolicyEdit = {
  path: string;
  applied: boolean;
  /** The lines that differ, `-` old and `+` new. */
  diff: string[];
  /** The file as it was; absent where nothing was written or there was none. */
  backup?: string;
};

/**
 * Changes the user's policy.yaml and leaves everything else in it, comments too, as it is. Without
 * `apply` it only tells what would change; before it writes, the file is copied.
 */
export async function editPolicy(
  home: UserHome,
  clock: Clock,
  changes: readonly PolicyChange[],
  apply: boolean,
): Promise<PolicyEdit> {
  if (!apply) return { ...(await edited(home, changes)).edit, applied: false };
  await makePrivateDir(home.root);
  return withLease(join(home.root, 'state', 'policy'), TURN_MS, async () => {
    const { edit, after, target } = await edited(home, changes);
    if (edit.diff.length === 0) return { ...edit, applied: false };
    const backup =
      target === undefined ? undefined : await backUp(target, newId('file', clock.now()));
    await writeFileAtomic(target ?? home.policy, after, { durable: true });
    return { ...edit, applied: true, ...(backup === undefined ? {} : { backup }) };
  });
}

async function edited(home: UserHome, changes: readonly PolicyChange[]) {
  const { parseDocument } = await loadYaml();
  const target = await fileOf(home);
  const before = target === undefined ? '' : await readFile(target, 'utf8');
  // What is not valid is not ours to change.
  await parsePolicy(before, home.policy);
  const document = parseDocument(before);
  for (const { path, value } of changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  const isSame = JSON.stringify(document.toJS()) === JSON.stringify(parseDocument(before).toJS());
  const after = isSame ? before : document.toString({ lineWidth: 0 });
  await parsePolicy(after, home.policy);
  return { edit: { path: home.policy, diff: lineDiff(before, after) }, after, target };
}

/** The file itself where policy.yaml is a link to it, so that the link stays one. */
function fileOf(home: UserHome): Promise<string | undefined> {
  return ifThere(realpath(home.policy));
}

async function backUp(target: string, id: string): Promise<string> {
  const backup = `${target}.${id}.bak`;
  await copyFile(target, backup);
  makePrivate(backup, PRIVATE_FILE);
  return backup;
}

/** Lines of one text that the other has not, in order; enough for a small file of settings. */
function lineDiff(before: string, after: string): string[] {
  const [old, now] = [before, after].map((text) => text.split('\n').filter((line) => line !== ''));
  const gone = (old ?? []).filter((line) => !now?.includes(line)).map((line) => `- ${line}`);
  const added = (now ?? []).filter((line) => !old?.includes(line)).map((line) => `+ ${line}`);
  return [...gone, ...added];
}
