import { compact } from '../core/json.ts';
import type { Actor } from '../ledger/entry.ts';
import type { ToolContext } from './define.ts';

/** Who calls, as the ledger has it. */
export function actorOf({ client }: ToolContext): Actor {
  const by = client.isShell === true ? 'cli' : 'controller';
  return { by, ...compact({ client: client.name, thread: client.threadId }) };
}
