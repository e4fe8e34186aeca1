import { findByCookie } from './tree.ts';

/** A process in the middle of a fork shows no environment, so one look is not enough. */
const ROUNDS = 3;

/**
 * Ends what carries this cookie should our own process exit before that was done in order, then does
 * what else is to be done. Answers the function that takes it back.
 */
export function endAtExit(
  cookie: { name: string; value: string },
  andThen: () => void,
): () => void {
  const end = () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { pid } of findByCookie(cookie.name, cookie.value)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It went away by itself.
        }
      }
    }
    andThen();
  };
  process.once('exit', end);
  return () => process.off('exit', end);
}
