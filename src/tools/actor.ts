import { compact } from '../core/json.ts';
import type { Actor } from '../ledger/entry.ts';
import type { ToolContext } from './define.ts';

/** On whose behalf a call acts, as the ledger has it. */
export function actorOf({ client }: Pick<ToolContext, 'client'>): Actor {
  if (client.name === 'cli') return { by: 'cli' };
  return { by: 'controller', client: client.name, ...compact({ thread: client.threadId }) };
}
