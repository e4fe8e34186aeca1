import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBase32 } from '../../core/ids.ts';
import { endAtExit } from '../../proc/at-exit.ts';
import { terminateTree } from '../../proc/terminate.ts';
import { removeAbandoned } from '../../store/abandoned.ts';
import { PROBE_COOKIE } from './probe-environment.ts';

/** A directory of a probe, and the variable that all its processes carry. */
export type ProbePlace = { root: string; cookie: { name: string; value: string } };

/** Tries something in a directory of its own below `tmp`; nothing is left of it or its processes. */
export async function inProbePlace<T>(
  { tmp, prefix, abandonedMs }: { tmp: string | undefined; prefix: string; abandonedMs: number },
  probe: (place: ProbePlace) => Promise<T>,
): Promise<T> {
  const parent = tmp || tmpdir();
  await removeAbandoned(parent, prefix, abandonedMs);
  const root = await realpath(await mkdtemp(join(parent, prefix)));
  const cookie = { name: PROBE_COOKIE, value: randomBase32(24) };
  const remove = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };
  // A server whose client leaves exits at once.
  const takeBack = endAtExit(cookie, () => rmSync(root, remove));
  try {
    return await probe({ root, cookie });
  } finally {
    await terminateTree({ root: undefined, cookie });
    await rm(root, remove);
    takeBack();
  }
}
