import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { byWeight, openItem, SEVERITIES, STATUSES } from '../../judgement/open-items/item.ts';
import { addItem, closeItem, readItems } from '../../judgement/open-items/store.ts';
import { tellsOfSuccess } from '../../judgement/open-items/titles.ts';
import { initWorkspace } from '../../workspace/init.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool, type ToolContext } from '../define.ts';
import { cwd } from '../fields.ts';

const SHOWN = 50;

const input = z.strictObject({
  run_id: z.string().max(64).optional(),
  title: z.string().max(1000).optional().describe('Adds one.'),
  // Checked as enums, published as strings: the summary has the words.
  severity: z.string().max(20).pipe(z.enum(SEVERITIES)).optional(),
  item: z.string().max(64).optional().describe('Closes it.'),
  status: z.string().max(20).pipe(z.enum(STATUSES)).optional(),
  reason: z.string().max(1000).optional(),
  force: z.boolean().optional(),
  cwd,
});
type Input = z.infer<typeof input>;

const shown = openItem.omit({ key: true });

export default defineTool({
  name: 'cc_open_items',
  area: 'judgement',
  kind: 'write',
  summary:
    'Open items, still to be done about runs: list, add (blocker, warn, info), close (done, deferred, wontfix).',
  input,
  output: z.object({
    items: z.array(shown),
    /** Open ones of the whole project. */
    open: z.object({ blocker: z.number(), warn: z.number(), info: z.number() }),
    more: z.number().optional(),
    /** The item was known already and was counted once more. */
    known: z.literal(true).optional(),
  }),
  handler: async (asked, context) => {
    const workspace = await workspaceOf(asked, context);
    const touched = await act(asked, context, workspace);
    const all = [...readItems(workspace).values()];
    const listed = touched?.items ?? all.filter((one) => isAsked(one, asked)).sort(byWeight);
    const count = (severity: string) =>
      all.filter((one) => one.status === 'open' && one.severity === severity).length;
    const rows = listed.slice(0, SHOWN).map((one) => shown.parse(one));
    return {
      items: rows,
      open: { blocker: count('blocker'), warn: count('warn'), info: count('info') },
      ...(listed.length > SHOWN ? { more: listed.length - SHOWN } : {}),
      ...(touched?.known ? { known: true as const } : {}),
    };
  },
});

function isAsked(one: z.infer<typeof openItem>, { status, run_id, severity }: Input): boolean {
  return (
    one.status === (status ?? 'open') &&
    (run_id === undefined || one.run_id === run_id) &&
    (severity === undefined || one.severity === severity)
  );
}

/** Items about a run are kept where the run is. */
async function workspaceOf({ run_id, cwd: at }: Input, context: ToolContext): Promise<Workspace> {
  if (run_id !== undefined) return (await askedRun(context, { run_id, cwd: at })).workspace;
  return (await context.place(at)).workspace;
}

async function act(asked: Input, context: ToolContext, workspace: Workspace) {
  const { title, item } = asked;
  if (title !== undefined && item !== undefined) {
    throw new CcError('BAD_INPUT', 'title adds an item, item closes one; not both at once.', {
      hint: 'Pass one of them, or neither to list.',
    });
  }
  if (title !== undefined) return add({ ...asked, title }, context, workspace);
  if (item !== undefined) return close({ ...asked, item }, context, workspace);
  return undefined;
}

async function add(
  { title, severity = 'warn', run_id, force }: Input & { title: string },
  context: ToolContext,
  workspace: Workspace,
) {
  if (title.trim() === '') {
    throw new CcError('BAD_INPUT', 'An item needs a title.', {
      hint: 'Say in title what is still to be done.',
    });
  }
  if (!force && tellsOfSuccess(title)) {
    throw new CcError('BAD_INPUT', 'This title tells of something that is well.', {
      hint: 'Say what is still to be done; force: true opens it all the same.',
    });
  }
  await initWorkspace(workspace, context.host.home, context.host.clock);
  const { item, known } = await addItem(
    context.host,
    workspace,
    { title, severity, runId: run_id, source: 'controller' },
    actorOf(context),
  );
  return { items: [item], known };
}

async function close(
  { item, status = 'done', reason = '' }: Input & { item: string },
  context: ToolContext,
  workspace: Workspace,
) {
  if (reason.trim() === '' || status === 'open') {
    throw new CcError(
      'BAD_INPUT',
      'To close an item takes a reason, and a status it is closed as.',
      {
        hint: 'Status: done (default), deferred or wontfix.',
      },
    );
  }
  const closed = await closeItem(
    context.host,
    workspace,
    { id: item, status, reason },
    actorOf(context),
  );
  return { items: [closed], known: false };
}
