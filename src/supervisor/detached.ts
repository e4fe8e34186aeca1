import { toErrorFacts } from '../core/errors.ts';

/**
 * Runs what a detached process of ours is there for, and leaves. Its stdout and stderr are its log. A
 * terminal that goes away must not take it along.
 */
export function runDetached(work: () => Promise<void>): void {
  process.on('SIGHUP', () => undefined);
  work().then(
    () => process.exit(0),
    (error: unknown) => {
      const { code, message } = toErrorFacts(error);
      const stack = error instanceof Error ? error.stack : '';
      process.stderr.write(`${new Date().toISOString()} ${code}: ${message}\n${stack}\n`);
      process.exit(1);
    },
  );
}
