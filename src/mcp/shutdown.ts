/** Longest time an orderly end may take before the process ends anyway. */
const FUSE_MS = 1500;

/**
 * One way out for every reason to leave: end of stdin (the SDK ignores it), SIGINT (Claude), SIGTERM
 * (Codex), SIGHUP, a broken stdout. Runs once; detached runs go on, nothing of theirs is touched.
 */
export function exitOnDisconnect(close: () => Promise<void>): void {
  let leaving = false;
  const leave = () => {
    if (leaving) return;
    leaving = true;
    setTimeout(() => process.exit(0), FUSE_MS).unref();
    close().then(
      () => process.exit(0),
      () => process.exit(0),
    );
  };
  process.stdin.on('end', leave);
  process.stdin.on('close', leave);
  // Without a listener EPIPE would end the process in the middle of whatever it does.
  process.stdout.on('error', leave);
  // The SDK waits for room once per message; many answers to a slow reader are no leak.
  process.stdout.setMaxListeners(0);
  process.stderr.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
}
