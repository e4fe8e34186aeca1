import * as z from 'zod';
import { stringAt } from '../core/json.ts';
import { byteLength } from '../core/text.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import type { RunEvent } from './events.ts';
import { type FoundRun, findRun } from './find.ts';
import { newsOf } from './news.ts';
import { type LiveRun, lookAt, runView, viewOf } from './view.ts';

const flagNews = z.object({
  code: z.string(),
  severity: z.string(),
  blocking: z.literal(true).optional(),
  evidence: z.string(),
});

export const pollResult = runView.partial().extend({
  run_id: z.string(),
  state: z.string(),
  cursor: z.string(),
  /** What happened since the cursor, oldest first; without a cursor, the last few tool calls. */
  news: z.array(z.string()).optional(),
  /** Older news that is not shown. */
  news_omitted: z.number().optional(),
  /** Flags that are new or worse since the cursor. */
  flags: z.array(flagNews).optional(),
  /** Tests that began to pass or fail, files that were changed for the first time. */
  findings: z.array(z.string()).optional(),
  more: z.literal(true).optional(),
});
export type PollResult = z.infer<typeof pollResult>;

const LIMITS = { maxBytes: 1 << 20, maxRecords: 5000 };
const NEWS_LINES = 20;
const NEWS_BYTES = 2500;
const FINDINGS_SHOWN = 8;

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
  return cursor === undefined || cursor === '' ? firstLook(live, run) : since(live, run, cursor);
}

function firstLook(live: LiveRun, run: FoundRun): PollResult {
  // The summary may be a second old: it is completed by the events behind it.
  const page = readNdjson(run.paths.events, live.summary?.cursor, LIMITS);
  const earlier = live.summary?.timeline ?? [];
  const { news } = newIn(page.records as RunEvent[], run, earlier);
  return {
    ...viewOf(live, { whole: true }),
    ...(news === undefined ? {} : { news }),
    ...(page.more ? { more: true as const } : {}),
    cursor: page.cursor,
  };
}

function since(live: LiveRun, run: FoundRun, cursor: string): PollResult {
  const page = readNdjson(run.paths.events, cursor, LIMITS);
  const isNew = newIn(page.records as RunEvent[], run);
  const view = viewOf(live);
  const { run_id, state, elapsed_s } = view;
  if (Object.keys(isNew).length === 0 && live.run.record.outcome === undefined) {
    // Whatever needs attention has been told, but for what no event tells.
    const lost = state === 'lost' && view.attention ? { attention: view.attention } : {};
    return { run_id, state, elapsed_s, ...lost, cursor: page.cursor };
  }
  // The caller knows what it asked for.
  const { title: _title, last_action: _action, ...told } = view;
  return { ...told, ...isNew, ...(page.more ? { more: true as const } : {}), cursor: page.cursor };
}

type News = Pick<PollResult, 'news' | 'news_omitted' | 'flags' | 'findings'>;

function newIn(events: readonly RunEvent[], run: FoundRun, earlier: readonly string[] = []): News {
  const [flags, findings, rest] = [
    events.filter(({ type }) => type === 'cc.flag.raised'),
    events.filter(({ type }) => type === 'cc.finding.made'),
    events.filter(({ type }) => type !== 'cc.flag.raised' && type !== 'cc.finding.made'),
  ];
  const lines = [...earlier, ...newsOf(rest, run.record.workspace)];
  const news = latestThatFit(lines);
  const omitted = lines.length - news.length;
  return {
    ...(news.length === 0 ? {} : { news }),
    ...(omitted === 0 || earlier.length > 0 ? {} : { news_omitted: omitted }),
    ...(flags.length === 0 ? {} : { flags: flags.map(flagOf) }),
    ...(findings.length === 0
      ? {}
      : {
          findings: findings.slice(-FINDINGS_SHOWN).map((event) => stringAt(event, 'text') ?? ''),
        }),
  };
}

function flagOf(event: RunEvent): z.infer<typeof flagNews> {
  return {
    code: stringAt(event, 'code') ?? '',
    severity: stringAt(event, 'severity') ?? '',
    ...(event.blocking === true ? { blocking: true as const } : {}),
    evidence: stringAt(event, 'evidence') ?? '',
  };
}

function latestThatFit(lines: readonly string[]): string[] {
  let bytes = 0;
  const latest = lines.slice(-NEWS_LINES).reverse();
  const tooMuch = latest.findIndex((line) => {
    bytes += byteLength(line) + 3;
    return bytes > NEWS_BYTES;
  });
  return (tooMuch === -1 ? latest : latest.slice(0, tooMuch)).reverse();
}
