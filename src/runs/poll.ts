import * as z from 'zod';
import { readNdjson } from '../store/ndjson-read.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import type { RunEvent } from './events.ts';
import { type FoundRun, findRun } from './find.ts';
import { newsOf } from './news.ts';
import { lookAt, runView, viewOf } from './view.ts';

export const pollResult = runView.partial().extend({
  run_id: z.string(),
  state: z.string(),
  cursor: z.string(),
  /** What happened since the cursor, oldest first; without a cursor, the last few tool calls. */
  news: z.array(z.string()).optional(),
  /** Older news that is not shown. */
  news_omitted: z.number().optional(),
  more: z.literal(true).optional(),
});
export type PollResult = z.infer<typeof pollResult>;

const LIMITS = { maxBytes: 1 << 20, maxRecords: 5000 };
const NEWS_LINES = 20;

/**
 * What is new in a run since a cursor. Cost and size depend on what is new, not on how much there
 * is: without a cursor it answers from the summary and starts at the end; with one and nothing new
 * it says only that.
 */
export async function pollRun(
  host: Host,
  near: Workspace | undefined,
  runId: string,
  cursor: string | undefined,
): Promise<PollResult> {
  const run = await findRun(host, runId, near);
  const live = await lookAt(host, run);
  if (cursor === undefined || cursor === '') {
    // The summary may be a second old: it is completed by the events behind it.
    const page = readNdjson(run.paths.events, live.summary?.cursor, LIMITS);
    const news = [...(live.summary?.timeline ?? []), ...newsOf(page.records as RunEvent[])];
    return {
      ...viewOf(live),
      ...(news.length === 0 ? {} : { news: news.slice(-NEWS_LINES) }),
      ...(page.more ? { more: true as const } : {}),
      cursor: page.cursor,
    };
  }
  return since(live, run, cursor);
}

function since(
  live: Awaited<ReturnType<typeof lookAt>>,
  run: FoundRun,
  cursor: string,
): PollResult {
  const page = readNdjson(run.paths.events, cursor, LIMITS);
  const news = newsOf(page.records as RunEvent[]);
  const view = viewOf(live);
  const brief = { run_id: view.run_id, state: view.state, elapsed_s: view.elapsed_s };
  if (news.length === 0 && live.run.record.outcome === undefined) {
    return {
      ...brief,
      ...(view.attention ? { attention: view.attention } : {}),
      cursor: page.cursor,
    };
  }
  return {
    ...view,
    ...(news.length === 0 ? {} : { news: news.slice(-NEWS_LINES) }),
    ...(news.length > NEWS_LINES ? { news_omitted: news.length - NEWS_LINES } : {}),
    ...(page.more ? { more: true as const } : {}),
    cursor: page.cursor,
  };
}
