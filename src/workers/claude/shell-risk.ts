import { nameOf, type SimpleCommand } from './shell-commands.ts';

/**
 * What a command destroys that nothing brings back, in a few words; undefined where it is none of the
 * kinds we know. Judged by program and arguments, never by text that merely mentions such a command.
 */
export function destructionOf(command: SimpleCommand): string | undefined {
  const { words, writesTo, input } = command;
  const name = nameOf(words);
  const args = words.slice(1);
  if (writesTo.some((path) => DEVICE.test(path))) return 'writes to a device';
  if (DATABASE_CLIENTS.has(name)) return databaseRisk([...args, input].join(' '));
  if (INTERPRETERS.has(name)) return interpreterRisk([...args, input].join(' '));
  if (name.startsWith('mkfs')) return 'formats a disk';
  const judge = Object.hasOwn(BY_PROGRAM, name) ? BY_PROGRAM[name] : undefined;
  return judge?.(args);
}

const DEVICE = /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|disk|rdisk|mapper)/;

type Judge = (args: readonly string[]) => string | undefined;

const always = (what: string): Judge => {
  return () => what;
};
const when = (pattern: RegExp, what: string): Judge => {
  return (args) => (pattern.test(args.join(' ')) ? what : undefined);
};
const hasFlag = (args: readonly string[], letters: RegExp, long: readonly string[]) =>
  args.some((arg) => (/^-[a-zA-Z]+$/.test(arg) && letters.test(arg)) || long.includes(arg));

const BY_PROGRAM: Readonly<Record<string, Judge>> = {
  rm: (args) =>
    hasFlag(args, /[rR]/, ['--recursive']) ? 'deletes directories recursively' : undefined,
  git: gitRisk,
  find: when(/(?:^| )-(?:delete|exec(?:dir)? (?:\S*\/)?rm)\b/, 'deletes what it finds'),
  chmod: when(/(?:^| )(?:0?777|a\+rwx)(?: |$)/, 'opens permissions for everybody'),
  dd: when(/(?:^| )of=(?!\/dev\/null)/, 'overwrites raw data'),
  shred: always('shreds files'),
  wipefs: always('formats a disk'),
  fdisk: always('repartitions a disk'),
  sfdisk: always('repartitions a disk'),
  parted: always('repartitions a disk'),
  truncate: when(/(?:^| )(?:-s ?|--size[= ])0\b/, 'empties files'),
  dropdb: always('drops a database'),
  docker: when(/^(?:system prune|volume (?:rm|prune))\b/, 'removes volumes'),
  podman: when(/^(?:system prune|volume (?:rm|prune))\b/, 'removes volumes'),
  kubectl: when(/^(?:-\S+ )*delete\b/, 'deletes cluster resources'),
  terraform: when(/^(?:-\S+ )*destroy\b|-destroy\b/, 'destroys infrastructure'),
  tofu: when(/^(?:-\S+ )*destroy\b|-destroy\b/, 'destroys infrastructure'),
  aws: when(/\bs3 (?:rb\b|rm\b.*--recursive)/, 'deletes a bucket'),
  shutdown: always('shuts the machine down'),
  reboot: always('shuts the machine down'),
  poweroff: always('shuts the machine down'),
  halt: always('shuts the machine down'),
  kill: when(/(?:^| )-1$/, 'ends every process'),
  'remove-item': when(/(?:^| )-(?:r|recurse)\b/i, 'deletes directories recursively'),
  rmdir: when(/(?:^| )\/s\b/i, 'deletes directories recursively'),
  rd: when(/(?:^| )\/s\b/i, 'deletes directories recursively'),
  del: when(/(?:^| )\/s\b/i, 'deletes directories recursively'),
  format: when(/^[a-z]:/i, 'formats a disk'),
};

function gitRisk(args: readonly string[]): string | undefined {
  let at = 0;
  while (args[at]?.startsWith('-')) at += /^-[Cc]$/.test(args[at] ?? '') ? 2 : 1;
  const rest = args.slice(at + 1);
  switch (args[at]) {
    case 'reset':
      return rest.includes('--hard') ? 'throws uncommitted work away' : undefined;
    case 'clean': {
      const isDry = hasFlag(rest, /n/, ['--dry-run']);
      return !isDry && hasFlag(rest, /f/, ['--force']) ? 'deletes untracked files' : undefined;
    }
    case 'checkout':
    case 'restore': {
      const isStaged = rest.includes('--staged') && !rest.includes('--worktree');
      return !isStaged && rest.some((arg) => arg === '.' || arg === ':/' || arg === '*')
        ? 'throws uncommitted work away'
        : undefined;
    }
    case 'push':
      return hasFlag(rest, /[fd]/, ['--force', '--delete', '--mirror']) ||
        rest.some((arg) => /^[+:]/.test(arg))
        ? 'rewrites or deletes a remote branch'
        : undefined;
    case 'branch':
      return hasFlag(rest, /D/, []) ? 'deletes a branch that is not merged' : undefined;
    case 'stash':
      return rest[0] === 'drop' || rest[0] === 'clear' ? 'drops stashed work' : undefined;
    case 'filter-branch':
    case 'filter-repo':
      return 'rewrites history';
    default:
      return undefined;
  }
}

const DATABASE_CLIENTS = new Set(
  'psql mysql mariadb sqlite3 sqlcmd duckdb clickhouse-client cockroach mongo mongosh redis-cli'.split(
    ' ',
  ),
);

function databaseRisk(text: string): string | undefined {
  return /\bdrop\s+(?:table|database|schema|view|user|role|collection)\b|\btruncate\s+(?:table\s+)?\w|\bdelete\s+from\s+[\w."`]+\s*(?:;|$)|\bdropDatabase\s*\(|\.drop\s*\(|\bflush(?:all|db)\b/i.test(
    text,
  )
    ? 'drops data of a database'
    : undefined;
}

const INTERPRETERS = new Set(['python', 'python3', 'node', 'ruby', 'perl', 'php', 'bun', 'deno']);

function interpreterRisk(text: string): string | undefined {
  return /\bshutil\.rmtree\s*\(|\brm_rf\b|\brm(?:dir)?Sync\s*\([^)]*recursive|\brimraf\b/.test(text)
    ? 'deletes directories recursively'
    : undefined;
}
