import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import { LEDGER_KINDS, type LedgerEntry } from '../../ledger/entry.ts';
import { entriesSince, latestEntries } from '../../ledger/query.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const DEFAULT_ROWS = 20;
const TEXT_CHARS = 120;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export default defineTool({
  name: 'cc_ledger_query',
  area: 'ledger',
  kind: 'read',
  summary:
    'Ledger of what was decided and done (dispatch, end, verify, apply, rollback, decision), newest first, or new since cursor.',
  input: z.strictObject({
    subject: z.string().max(200).optional().describe('Run id.'),
    kind: z.string().max(40).optional(),
    since: z.string().max(30).optional(),
    cursor: z.string().max(40).optional(),
    before: z.int().min(1).optional(),
    limit: z.int().min(1).max(200).optional(),
    full: z.boolean().optional(),
    cwd,
  }),
  output: z.object({
    entries: z.array(z.record(z.string(), z.unknown())),
    cursor: z.string(),
    more: z.boolean().optional(),
  }),
  handler: async ({ cwd: directory, ...input }, { place }) => {
    const { workspace } = await place(directory);
    const filter = {
      subject: input.subject,
      kind: knownKind(input.kind),
      since: timeOf(input.since),
    };
    const limit = input.limit ?? DEFAULT_ROWS;
    const { entries, cursor, more } =
      input.cursor === undefined
        ? latestEntries(workspace, filter, { limit, before: input.before })
        : entriesSince(workspace, filter, { limit, cursor: input.cursor });
    return {
      entries: entries.map(input.full ? (entry) => ({ ...entry }) : rowOf),
      cursor,
      ...(more ? { more } : {}),
    };
  },
});

/** What fits into a line: the facts that are a word or a number. */
function rowOf({ seq, time, kind, actor, subject, facts }: LedgerEntry): Record<string, unknown> {
  const short = Object.entries(facts).flatMap(([name, value]) => {
    if (name === 'receipt' || name.endsWith('_sha256')) return [];
    if (typeof value === 'string') return [[name, oneLine(value, TEXT_CHARS)]];
    return typeof value === 'object' && value !== null ? [] : [[name, value]];
  });
  const row = { seq, time, kind, by: actor.client ?? actor.by, subject };
  return { ...row, ...Object.fromEntries(short), ...row };
}

function knownKind(kind: string | undefined): string | undefined {
  if (kind === undefined || (LEDGER_KINDS as readonly string[]).includes(kind)) return kind;
  throw new CcError('BAD_INPUT', `There is no kind ${JSON.stringify(kind)}.`, {
    hint: `Kinds: ${LEDGER_KINDS.join(', ')}.`,
  });
}

function timeOf(since: string | undefined): string | undefined {
  if (since === undefined) return undefined;
  const date = new Date(since);
  if (!Number.isNaN(date.getTime())) return DAY.test(since) ? since : date.toISOString();
  throw new CcError('BAD_INPUT', `Not a time: ${JSON.stringify(since)}`, {
    hint: 'A UTC day like 2026-11-21, or a time like 2026-11-21T11:00:00Z.',
  });
}
