import * as z from 'zod';
import { isoTime } from '../core/clock.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import type { Head } from './entry.ts';
import { anchorPath } from './place.ts';

const headField = z.object({ seq: z.number(), hash: z.string() });

/** Somebody who appended found another end of the ledger than the one that was anchored. */
const chainBreak = z.object({ time: z.string(), anchored: headField, found: headField });

const anchorFile = z.object({
  schema_version: z.number(),
  root: z.string(),
  /** Id of the ledger file, from its header. */
  file: z.string(),
  seq: z.number(),
  hash: z.string(),
  time: z.string(),
  /** Entries up to this one were there already when the anchor was made. */
  since: z.number(),
  breaks: z.array(chainBreak),
});
export type Anchor = z.infer<typeof anchorFile>;

/** Breaks that are told one by one; the first ones say most. */
const MAX_BREAKS = 20;

/** What the user's home remembers of the end of a ledger. `damaged`: the file is there and says nothing. */
export async function readAnchor(
  { home }: Pick<Host, 'home'>,
  workspace: Workspace,
): Promise<Anchor | 'damaged' | undefined> {
  const value = await readJson(anchorPath(home, workspace)).catch(() => null);
  if (value === undefined) return undefined;
  return anchorFile.safeParse(value).data ?? 'damaged';
}

type Step = {
  before: Anchor | 'damaged' | undefined;
  /** Id of the ledger file. */
  file: string;
  /** What the new entry follows, and the entry. */
  follows: Head;
  to: Head;
  isThere: (head: Head) => boolean;
};

/**
 * Moves the anchor to a new entry. What was anchored before must be what the entry follows, or be
 * further back in the chain; else the ledger was cut or rewritten meanwhile, and that stays on record.
 */
export async function moveAnchor(host: Host, workspace: Workspace, step: Step): Promise<void> {
  const { before, file, follows, to } = step;
  const known = before === 'damaged' ? undefined : before;
  const time = isoTime(host.clock.now());
  const breaks = [...(known?.breaks ?? [])];
  if (known !== undefined && !isContinued(known, step) && breaks.length < MAX_BREAKS) {
    breaks.push({ time, anchored: { seq: known.seq, hash: known.hash }, found: follows });
  }
  await makePrivateDir(host.home.ledgerHeads);
  await writeJsonAtomic(
    anchorPath(host.home, workspace),
    {
      schema_version: SCHEMA_VERSION,
      root: workspace.root,
      file,
      ...to,
      time,
      since: known?.since ?? follows.seq,
      breaks,
    } satisfies Anchor,
    { durable: true },
  );
}

function isContinued(known: Anchor, { file, follows, isThere }: Step): boolean {
  if (known.file !== file || known.seq > follows.seq) return false;
  if (known.seq === follows.seq) return known.hash === follows.hash;
  return isThere(known);
}
