import { errnoOf } from './errors.ts';

/** What reading a path gives; undefined where nothing is there. */
export async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    return unlessMissing(error);
  }
}

export function ifThereSync<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return unlessMissing(error);
  }
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
