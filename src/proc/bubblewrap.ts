import { layers, type SandboxView, type ViewEntry } from './sandbox-view.ts';

/**
 * Own user namespace, no capability in it, no way to make another one: a process inside can neither
 * mount anything again nor reach the file system of a process outside through `/proc/<pid>/root`. The
 * process ids stay those of the machine, by which we know, find and end our workers.
 */
const NAMESPACE = ['--unshare-user', '--cap-drop', 'ALL'] as const;
/** Only bubblewrap 0.8 and newer know it; without it the kernel still keeps the mounts locked. */
const NO_MORE_NAMESPACES = ['--disable-userns', ...NAMESPACE] as const;

/** Ways to call bubblewrap, the best first; which one works is found out by trying. */
export const BUBBLEWRAP_FLAGS: readonly (readonly string[])[] = [NO_MORE_NAMESPACES, NAMESPACE];

/** A new `/dev`, the machine's `/proc`; the root is read-only, mounts below it too. */
export const BUBBLEWRAP_ROOT = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'] as const;

/** Descriptor on which bubblewrap tells the process id of what it starts. */
const BUBBLEWRAP_INFO_FD = 3;

/**
 * The arguments of bubblewrap for a command. It does not die with its parent: a supervisor may be
 * replaced while its worker runs. bubblewrap itself stays as parent of the command, hands on its exit
 * code (128 + n for signal n), and forwards no signal.
 */
export function bubblewrapArguments(
  command: { file: string; args: readonly string[]; cwd: string },
  view: SandboxView,
  flags: readonly string[],
): string[] {
  return [
    ...flags,
    ...BUBBLEWRAP_ROOT,
    ...layers(view).flatMap(mountOf),
    // At last, when everything that is seen inside of them has its place.
    ...view.hidden.flatMap((path) => ['--remount-ro', path]),
    '--chdir',
    command.cwd,
    '--info-fd',
    String(BUBBLEWRAP_INFO_FD),
    '--',
    command.file,
    ...command.args,
  ];
}

function mountOf({ path, as, from }: ViewEntry): string[] {
  if (as === 'hidden') return ['--tmpfs', path];
  if (as === 'masked') return ['--ro-bind', '/dev/null', path];
  return [as === 'read_only' ? '--ro-bind' : '--bind', from, path];
}
