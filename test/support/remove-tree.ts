import { rm } from 'node:fs/promises';

/**
 * Removes a scratch directory, waiting where somebody who is just leaving still writes to it. Only
 * the asynchronous `rm` waits between attempts: `rmSync` of Node 20 spends them all in one go.
 */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
