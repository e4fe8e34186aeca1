import * as z from 'zod';

export const SEVERITIES = ['blocker', 'warn', 'info'] as const;
export type ItemSeverity = (typeof SEVERITIES)[number];

export const STATUSES = ['open', 'done', 'deferred', 'wontfix'] as const;
export type ItemStatus = (typeof STATUSES)[number];

/** Something that is still to be done about the work of a run, or of the project. */
export const openItem = z.object({
  item: z.string(),
  title: z.string(),
  severity: z.enum(SEVERITIES),
  status: z.enum(STATUSES),
  run_id: z.string().optional(),
  /** Who found it: a verification, or whoever added it. */
  source: z.enum(['verification', 'controller']),
  /** Two findings with the same key are one item. */
  key: z.string(),
  opened: z.string(),
  /** How often it was found. */
  count: z.number(),
  closed: z.string().optional(),
  /** Why it was closed. */
  reason: z.string().optional(),
});
export type OpenItem = z.infer<typeof openItem>;

/** Blockers first, then by age. */
export function byWeight(a: OpenItem, b: OpenItem): number {
  const order = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
  return order !== 0 ? order : a.opened < b.opened ? -1 : 1;
}

export function openBlockers(items: readonly OpenItem[], runId: string | undefined): OpenItem[] {
  return items.filter(
    ({ status, severity, run_id }) =>
      status === 'open' && severity === 'blocker' && (run_id === undefined || run_id === runId),
  );
}
