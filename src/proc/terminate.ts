import { sleep } from '../core/clock.ts';
import { isAlive, type ProcessIdentity, stateOf } from './identity.ts';
import { descendantsOf, findByCookie } from './tree.ts';

/** What is to end: one process, everything that carries its cookie, and what was seen below it. */
export type ProcessTree = {
  root: ProcessIdentity | undefined;
  /** Without one, only the parent chain leads to the rest. */
  cookie?: { name: string; value: string };
  /** Descendants recorded while alive, for systems and programs that hide their environment. */
  seen?: readonly ProcessIdentity[];
};

export type Termination = {
  /** Signals sent, strongest last, for the record. */
  signals: NodeJS.Signals[];
  /** Processes that had to be swept after the root was gone. */
  swept: number;
  /** Processes still alive at the end. Empty means: nothing of the tree is left. */
  left: ProcessIdentity[];
};

/** How long SIGTERM may take; Claude Code needs up to 1.6 s to end its tools (claude-code-cli.md §3). */
const GRACE_MS = 2000;
const FREEZE_MS = 100;
const SWEEP_ROUNDS = 20;
/** How long killed processes are waited for before the next look. */
const SWEEP_MS = 50;
/** Between two looks that found nothing; every run ends with it. */
const EMPTY_PAUSE_MS = 20;
/** A process in the middle of fork or exec shows no environment, so one empty look proves nothing. */
const EMPTY_LOOKS = 2;

/**
 * SIGTERM to the root, SIGKILL when it does not go, then a sweep until nothing is left. Every signal
 * is sent to a process whose identity was checked just before, never to a bare pid.
 */
export async function terminateTree(tree: ProcessTree, graceMs = GRACE_MS): Promise<Termination> {
  const signals: NodeJS.Signals[] = [];
  const root = tree.root;
  const known = [...(tree.seen ?? [])];
  if (root !== undefined) known.push(...descendantsOf([root]));
  if (root !== undefined && isAlive(root)) {
    signals.push('SIGTERM');
    signal(root, 'SIGTERM');
    // A stopped process does not see SIGTERM until it is continued.
    signal(root, 'SIGCONT');
    await waitGone([root], graceMs);
    if (isAlive(root)) {
      // What it started since then loses its parent now, and with it the last trace.
      known.push(...descendantsOf([root]));
      signals.push('SIGKILL');
      signal(root, 'SIGKILL');
      await waitGone([root], 1000);
    }
  }
  const swept = new Set<string>();
  for (let round = 0, empty = 0; ; round += 1) {
    const left = survivors(tree, known);
    empty = left.length === 0 ? empty + 1 : 0;
    if (empty === EMPTY_LOOKS || round === SWEEP_ROUNDS) {
      return { signals, swept: swept.size, left };
    }
    if (empty > 0) {
      await sleep(EMPTY_PAUSE_MS);
      continue;
    }
    // Frozen first: none can start another between the look at its children and its end.
    for (const survivor of left) signal(survivor, 'SIGSTOP');
    const targets = [...left, ...descendantsOf(left)];
    known.push(...targets);
    for (const target of targets) {
      swept.add(`${target.pid}.${target.start}`);
      signal(target, 'SIGKILL');
    }
    await waitGone(targets, SWEEP_MS);
  }
}

/** Everything of the tree that is alive now. */
export function survivors(
  tree: ProcessTree,
  known: readonly ProcessIdentity[] = tree.seen ?? [],
): ProcessIdentity[] {
  const byPid = new Map<number, ProcessIdentity>();
  const candidates = [
    ...(tree.root === undefined ? [] : [tree.root]),
    ...known,
    ...(tree.cookie === undefined ? [] : findByCookie(tree.cookie.name, tree.cookie.value)),
  ];
  for (const candidate of candidates) {
    if (candidate.pid !== process.pid && isAlive(candidate)) byPid.set(candidate.pid, candidate);
  }
  return [...byPid.values()];
}

/** Ends one process of ours that may be frozen. */
export async function killProcess(identity: ProcessIdentity): Promise<boolean> {
  if (!isAlive(identity)) return true;
  signal(identity, 'SIGKILL');
  await waitGone([identity], 2000);
  return !isAlive(identity);
}

/** Stops a process that may be about to be ended, so that it does nothing more while one looks. */
export async function freeze(identity: ProcessIdentity): Promise<void> {
  signal(identity, 'SIGSTOP');
  const until = performance.now() + FREEZE_MS;
  while (stateOf(identity) === 'running' && performance.now() < until) await sleep(1);
}

/** Lets a stopped process go on. */
export function thaw(identity: ProcessIdentity): void {
  signal(identity, 'SIGCONT');
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (identity.pid === process.pid || !isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch {
    // It went away between the check and the signal.
  }
}

async function waitGone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  // Most go at once; the others are looked at less and less often.
  for (let pause = 2; processes.some(isAlive) && performance.now() < until; pause *= 2) {
    await sleep(Math.min(pause, 20));
  }
}
