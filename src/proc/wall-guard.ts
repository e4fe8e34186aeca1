/**
 * A last resort for a worker whose supervisor is gone and whom nobody comes to adopt: a shell that
 * sleeps as the worker's child and ends the whole tree when its time is up. It costs about 1 MB and
 * needs nothing but sh. Windows needs none: there the worker dies with its supervisor.
 */

// $1 seconds, $2 pid of the worker (our parent), $3 the run's cookie as NAME=value.
// A worker that is not our parent any more is gone, and its pid may belong to somebody else.
const GUARD = `
parent() { if [ -r /proc/$$/stat ]; then read -r _ _ _ p _ < /proc/$$/stat; else p=$(ps -o ppid= -p $$ | tr -d ' '); fi; }
trap '' HUP
sleep "$1"
for s in TERM KILL; do parent; [ "$p" = "$2" ] && { kill -s $s "$2"; sleep 3; }; done
for e in /proc/[0-9]*/environ; do
  q=\${e#/proc/}; q=\${q%/environ}
  [ "$q" = $$ ] || { tr '\\0' '\\n' < "$e" | grep -qxF "$3" && kill -s KILL "$q"; }
done 2>/dev/null
`;

const LAUNCH =
  'guard=$1; seconds=$2; cookie=$3; shift 3; sh -c "$guard" cc-wall-guard "$seconds" "$$" "$cookie" </dev/null >/dev/null 2>&1 3>&- & exec "$@"';

/** Wraps a command so that it is ended after `seconds`, come what may. Its pid stays the worker's pid. */
export function withWallGuard(
  command: { file: string; args: readonly string[] },
  seconds: number,
  cookie: { name: string; value: string },
): { file: string; args: string[] } {
  if (process.platform === 'win32') return { file: command.file, args: [...command.args] };
  const leading = [GUARD, String(Math.ceil(seconds)), `${cookie.name}=${cookie.value}`];
  return {
    file: '/bin/sh',
    args: ['-c', LAUNCH, 'cc-worker', ...leading, command.file, ...command.args],
  };
}
