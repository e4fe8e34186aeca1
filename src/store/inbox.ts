import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Clock, isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { isId, newId } from '../core/ids.ts';
import { ifThereSync } from '../core/if-there.ts';
import { byteLength } from '../core/text.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from './atomic.ts';
import { SCHEMA_VERSION } from './versions.ts';

/** How anybody asks the owner of a directory to do something. Taken in name order, which is time order. */
const inboxRequest = z.object({
  schema_version: z.number(),
  id: z.string(),
  kind: z.string(),
  from: z.string(),
  time: z.string(),
  expires: z.string(),
  payload: z.record(z.string(), z.unknown()),
});
export type InboxRequest = z.infer<typeof inboxRequest>;

/** Larger steering goes by file. */
export const MAX_PAYLOAD_BYTES = 32 << 10;

/** Drops a request; returns its id, by which the owner's answer is found in the events. */
export async function submitRequest(
  directory: string,
  request: { kind: string; from: string; payload?: Record<string, unknown>; ttlMs: number },
  clock: Clock,
): Promise<string> {
  const payload = request.payload ?? {};
  if (byteLength(JSON.stringify(payload)) > MAX_PAYLOAD_BYTES) {
    throw new CcError('BAD_INPUT', 'The request is larger than 32 KiB.', {
      hint: 'Put the text into a file in the project and name the file.',
    });
  }
  const now = clock.now();
  const id = newId('req', now);
  await makePrivateDir(directory);
  await writeJsonAtomic(join(directory, `${id}.json`), {
    schema_version: SCHEMA_VERSION,
    id,
    kind: request.kind,
    from: request.from,
    time: isoTime(now),
    expires: isoTime(new Date(now.getTime() + request.ttlMs)),
    payload,
  } satisfies InboxRequest);
  return id;
}

/**
 * What is waiting, in order. A file that is no request is removed: nobody could ever take it. One
 * that cannot be read at the moment (too many open files, say) is left for the next look.
 */
export async function listRequests(directory: string): Promise<InboxRequest[]> {
  const requests: InboxRequest[] = [];
  for (const name of namesIn(directory).sort()) {
    const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
    if (!isId(id, 'req')) continue;
    let value: unknown;
    try {
      value = await readJson(join(directory, name));
    } catch (error) {
      if (!(error instanceof CcError)) continue;
    }
    const parsed = inboxRequest.safeParse(value);
    if (parsed.success && parsed.data.id === id) requests.push(parsed.data);
    else await removeRequest(directory, id);
  }
  return requests;
}

export async function removeRequest(directory: string, id: string): Promise<void> {
  await rm(join(directory, `${id}.json`), { force: true });
}

/** Synchronous: an owner looks after every line of its worker, and a promise costs ten times as much. */
function namesIn(directory: string): string[] {
  return ifThereSync(() => readdirSync(directory)) ?? [];
}
