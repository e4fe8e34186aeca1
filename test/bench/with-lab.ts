import type { Script } from '../../src/loopback/index.ts';
import { Lab } from '../support/lab.ts';

/** A lab for one benchmark. A process that is left behind when it closes breaks the benchmark. */
export async function withLab<T>(
  scripts: readonly Script[],
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  const lab = await Lab.open(scripts);
  let result: T;
  try {
    result = await work(lab);
  } catch (error) {
    await lab.close();
    throw error;
  }
  const left = await lab.close();
  if (left.length > 0) throw new Error(`${left.length} processes were left`);
  return result;
}
