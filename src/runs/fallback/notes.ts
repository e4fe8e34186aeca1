import { readFile } from 'node:fs/promises';
import { stringAt } from '../../core/json.ts';
import { truncate } from '../../core/text.ts';
import { readJson } from '../../store/atomic.ts';
import { readNdjson } from '../../store/ndjson-read.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { runPaths, workspaceAt } from '../../workspace/layout.ts';
import type { FoundRun } from '../find.ts';
import { type RunRecord, readRecord } from '../record.ts';
import { progressSummary } from '../summarise.ts';
import { MessageStore } from '../supervise/message-store.ts';

const PAGE = { maxBytes: 4 << 20, maxRecords: 20_000 };
const SAID_KEPT = 8;
const SAID_CHARS = 1500;
const ANSWERS_KEPT = 20;
const QUESTION_TOOL = 'AskUserQuestion';

/** The first message of a run, word for word; the title where it is gone. */
export async function briefOf(host: Host, record: RunRecord): Promise<string> {
  try {
    const text = await readFile(privateRunPaths(host.home, record.run_id).prompt, 'utf8');
    return (JSON.parse(text) as string[]).join('\n\n');
  } catch {
    return record.title;
  }
}

/** The run in which the task was given: its base and its brief are those of the task. */
export async function firstRunOf(record: RunRecord): Promise<RunRecord> {
  const id = record.lineage?.moved?.[0]?.run_id;
  if (id === undefined) return record;
  return readRecord(runPaths(workspaceAt(record.workspace), id), id).catch(() => record);
}

/** What a run leaves behind beside its files. */
export type Left = {
  /** What the controller told it while it worked, word for word. */
  told: string[];
  /** For a reader: plan, tool calls, findings, answers it was given, its last words. */
  notes: string;
};

export async function whatIsLeft(host: Host, { record, paths }: FoundRun): Promise<Left> {
  const texts = new MessageStore(privateRunPaths(host.home, record.run_id).messages);
  const { instructions, said, answers } = scan(paths.events);
  const summary = progressSummary.safeParse(
    await readJson(paths.summary).catch(() => undefined),
  ).data;
  const todos = summary?.insight.todos ?? [];
  // What it said itself comes below, whole.
  const found = summary?.insight.findings.filter(({ quote }) => !quote) ?? [];
  const parts = [
    list(
      'Its own list',
      todos.map(({ text, state }) => `[${state}] ${text}`),
    ),
    list('Tool calls, latest last', summary?.timeline ?? []),
    list(
      'Found on the way',
      found.map(({ text }) => text),
    ),
    list('Answers it was given', answers),
    list('What it said last', said),
  ];
  return {
    told: instructions.flatMap((message) => texts.get(message) ?? []),
    notes: parts.filter(Boolean).join('\n\n'),
  };
}

/** One pass over all events; only what is worth telling is kept. */
function scan(events: string): { instructions: string[]; said: string[]; answers: string[] } {
  const found = { instructions: [] as string[], said: [] as string[], answers: [] as string[] };
  const asked = new Set<string>();
  for (let cursor = '', more = true; more; ) {
    const page = readNdjson(events, cursor, PAGE);
    cursor = page.cursor;
    more = page.more;
    for (const event of page.records) {
      const text = (key: string) => stringAt(event, key) ?? '';
      if (stringAt(event, 'parent') !== undefined) continue; // a sub-agent's
      switch (text('type')) {
        case 'cc.instruction.accepted':
          found.instructions.push(text('message'));
          break;
        case 'cc.message':
          found.said.push(truncate(text('text'), SAID_CHARS));
          break;
        case 'cc.tool.used':
          if (text('tool') === QUESTION_TOOL) asked.add(text('id'));
          break;
        case 'cc.tool.finished':
          if (asked.has(text('id'))) found.answers.push(text('output'));
          break;
      }
    }
  }
  return {
    ...found,
    said: found.said.slice(-SAID_KEPT),
    answers: found.answers.slice(-ANSWERS_KEPT),
  };
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `${title}:\n${lines.map((line) => `- ${line.replaceAll('\n', '\n  ')}`).join('\n')}`;
}
