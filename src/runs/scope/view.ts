import { existsSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import type { SandboxView } from '../../proc/sandbox-view.ts';
import { PRIVATE_DIR } from '../../store/atomic.ts';
import { loginPaths } from '../../workers/claude/login-paths.ts';
import { type RunRecord, treeRoot } from '../record.ts';
import { mayBeAllowedMore } from './posture.ts';
import { protectedIn } from './protected-in.ts';
import { directoriesOfFiles, reachOf } from './reach.ts';

/** Shared by all programs of the machine; a worker gets directories of its own in their place. */
const SHARED_TMP = ['/tmp', '/var/tmp'] as const;
/** Where services listen that do for their callers what these could not do themselves. */
const SOCKET_DIRS = ['/run/user', '/run/dbus', '/run/podman', '/run/containerd', '/run/libvirt'];
const SOCKETS = ['/run/docker.sock', '/run/snapd.socket', '/run/systemd/private'];

const MAX_NEIGHBOURS = 300;

export type ViewFacts = {
  /** Of cc-orchestrator: the private store, anchors, policy. */
  userHome: string;
  systemPrompt: string;
  /** Of the worker. */
  env: Readonly<Record<string, string>>;
};

/** Variables that name what a sandboxed worker has of its own, or what it shall not reach. */
const NOT_NEEDED = new Set(['TMPDIR', 'TEMP', 'TMP', 'SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR']);

/** What the worker of this run may see and change of the file system. Directories of ours are made. */
export function viewOfRun(record: RunRecord, facts: ViewFacts): SandboxView {
  const { cwd, scope, worker, protected_paths: globs = [] } = record;
  const root = treeRoot(record);
  const whole = mayBeAllowedMore(record);
  const reach = reachOf(scope?.paths ?? [], { cwd, root, protectedPaths: globs, whole });
  const login = worker.config_dir === null ? loginPaths(homeOf(facts)) : undefined;
  const shared = directoriesOfFiles(reach);
  const writable = present([
    ...reach.writable,
    ...shared,
    worker.tmp_dir,
    ...(worker.config_dir === null ? [] : [worker.config_dir]),
    ...(login?.writable ?? []),
    ...(record.writable_paths ?? []),
  ]);
  const hidden = present([facts.userHome, ...SOCKET_DIRS]);
  const shown = present([root, cwd, facts.systemPrompt]).filter((path) =>
    hidden.some((directory) => isIn(path, directory)),
  );
  return {
    writable,
    readOnly: [
      ...shown.filter((path) => !writable.includes(path)),
      ...present(reach.readOnly),
      ...shared.flatMap((path) => besides(path, [...reach.files, ...writable])),
      ...(login?.readOnly ?? []),
      ...reach.writable
        .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
        .flatMap((path) => protectedIn(path, root, globs)),
    ],
    hidden,
    masked: present(SOCKETS),
    instead: ownTmp(record, [root, cwd, homeOf(facts), facts.userHome, ...namedIn(facts.env)]),
  };
}

/** What else is in the directory of a file that is in scope; new names cannot be held. */
function besides(directory: string, inScope: readonly string[]): string[] {
  const others = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map(({ name }) => join(directory, name))
    .filter((path) => !inScope.includes(path));
  // Each is a mount; with more of them, all that can be said is that they are not held.
  return others.length > MAX_NEIGHBOURS ? [] : others;
}

/** Where something that must be seen lies in it, the real one stays, read-only. */
function ownTmp({ worker }: RunRecord, needed: readonly string[]): SandboxView['instead'] {
  const [base = worker.tmp_dir] = present([worker.tmp_dir]);
  // By the names that are used and by the real ones: both have to lead somewhere.
  const seen = [...needed, worker.path, ...present([...needed, worker.path])];
  return SHARED_TMP.filter((path) => existsSync(path))
    .filter((path) => !seen.some((one) => isIn(one, path)))
    .map((path) => {
      const from = join(base, `in-place-of${path.replaceAll('/', '-')}`);
      mkdirSync(from, { recursive: true, mode: PRIVATE_DIR });
      return { path, from };
    });
}

function homeOf({ env }: ViewFacts): string {
  return env.HOME || homedir();
}

/** Absolute paths in the environment: programs, certificates, tool homes. */
function namedIn(env: ViewFacts['env']): string[] {
  return Object.entries(env)
    .filter(([name]) => !NOT_NEEDED.has(name))
    .flatMap(([, value]) => value.split(delimiter))
    .filter(isAbsolute);
}

function isIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}

/** Those that exist, by their real names: a mount cannot be laid over a symbolic link. */
function present(paths: readonly string[]): string[] {
  return [...new Set(paths.filter(existsSync).map((path) => realpathSync(path)))];
}
