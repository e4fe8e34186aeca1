import { chmod, stat } from 'node:fs/promises';
import type { Client } from '../setup/names.ts';
import { readReceipt } from '../setup/receipt.ts';
import { PRIVATE_DIR } from '../store/atomic.ts';
import type { Host } from '../workspace/host.ts';

/**
 * Puts right what is ours and safe: the mode of our home. Names the clients that setup has once
 * written to, whose entries it may bring up to date.
 */
export async function repair(host: Host): Promise<{ done: string[]; clients: Client[] }> {
  const done: string[] = [];
  const { root } = host.home;
  const found = await stat(root).catch(() => undefined);
  if (found !== undefined && (found.mode & 0o077) !== 0 && process.platform !== 'win32') {
    await chmod(root, PRIVATE_DIR);
    done.push(`chmod 700 ${root}`);
  }
  const owned = await readReceipt(host.home);
  return { done, clients: [...new Set(owned.map(({ client }) => client))] };
}
