import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { nextCall, waiting } from './status-shape.ts';

/** What the tools of started workflows do, loaded when the first of them is called. */
export const loadCalls = /* @__PURE__ */ lazy(() => import('./instance-calls.ts'));

export const workflowId = z.string().max(64).optional().describe('Default: the newest.');

/** A node, or one of its tasks. */
export const nodeId = z.string().min(1).max(80);

/** What a request to a workflow came to, and how it stands then. */
export const askedOutput = {
  ok: z.boolean(),
  /** What was decided, or that nobody has answered yet. */
  text: z.string(),
  workflow_id: z.string(),
  mock: z.literal(true).optional(),
  state: z.string(),
  reason: z.string(),
  progress: z.record(z.string(), z.number()),
  waits: z.array(waiting).optional(),
  /** Nobody has answered in time: whoever supervises it next carries it out. */
  pending: z.string().optional(),
  next: nextCall,
  cursor: z.string(),
  /** Its file says something else by now, which has no effect on it. */
  note: z.string().optional(),
};
