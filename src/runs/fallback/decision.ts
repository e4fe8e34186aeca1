import * as z from 'zod';
import { isoTime } from '../../core/clock.ts';
import { compact } from '../../core/json.ts';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import type { RunPaths } from '../../workspace/layout.ts';

const route = z.object({ profile: z.string(), model: z.string() });

/** `fallback.json` of a run that failed: where its task went on, or why it stays. Decided once. */
const decision = z.object({
  moved_to: route.extend({ run_id: z.string() }).optional(),
  why: z.string().optional(),
  /** What the scorer would take next, where the task was not moved there. */
  next: route.optional(),
});
export type Decision = z.infer<typeof decision>;

/**
 * How the task of a failed run goes on: `moved`, or it `stays` where it ended; both are decided. Else it
 * is `moving`, `blocked` (there is no free place at the moment; every look tries again), or `left` to
 * another process than this one (a read-only server, or one that does not see the same profiles).
 */
export type Move =
  | { did: 'moved'; to: NonNullable<Decision['moved_to']> }
  | { did: 'stays'; why: string; next?: Decision['next'] }
  | { did: 'moving' }
  | { did: 'blocked' | 'left'; why: string };

export async function readDecision(paths: Pick<RunPaths, 'fallback'>): Promise<Move | undefined> {
  const stored = decision.safeParse(await readJson(paths.fallback).catch(() => undefined)).data;
  return stored && moveOf(stored);
}

export async function writeDecision(
  host: Host,
  paths: Pick<RunPaths, 'fallback'>,
  made: Decision,
): Promise<Move> {
  const decided = isoTime(host.clock.now());
  await writeJsonAtomic(
    paths.fallback,
    { schema_version: SCHEMA_VERSION, decided, ...compact(made) },
    { durable: true },
  );
  return moveOf(made);
}

function moveOf({ moved_to, why, next }: Decision): Move {
  if (moved_to !== undefined) return { did: 'moved', to: moved_to };
  return { did: 'stays', why: why ?? 'it is not known why', ...compact({ next }) };
}
