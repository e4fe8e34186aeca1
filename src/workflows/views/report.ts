import { type Redactor, redact } from '../../core/redact.ts';
import { byteLength, plural } from '../../core/text.ts';
import type { WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import type { Plan } from '../plan.ts';
import { clock } from './node-turns.ts';
import { quoter } from './quote.ts';
import {
  costTables,
  handoffLines,
  headLines,
  nodeTable,
  rejectedLines,
  staleLines,
  unknownLines,
} from './report-parts.ts';
import { type Entry, tellStory } from './story.ts';

/** What a report is made of. Everything in it but the words of the plan counts as untrusted. */
export type ReportFacts = {
  plan: Plan;
  /** Before its first event. */
  first: Instance;
  events: Iterable<WorkflowEvent>;
  /** As it was given. */
  file: string;
  /** No worker was real. */
  mock: boolean;
  /** Where every event is, for what is left out here. */
  journal: string;
};

export type Report = {
  /** The whole, Markdown. */
  text: string;
  /** The end, the latest decisions and what is not known. */
  short: string;
};

/** A larger story is cut in the middle. */
const STORY_BYTES = 200_000;
const SHORT_ENTRIES = 12;
const SHORT_BYTES = 4000;

/** The report of a workflow: its story with every decision, and what came of it. Pure. */
export function workflowReport(facts: ReportFacts, hide: Redactor = redact): Report {
  const { plan, mock, journal } = facts;
  const quote = quoter(hide);
  const { entries, costs, last } = tellStory(plan, facts.first, facts.events, quote);
  const head = headLines({ ...facts, last }, quote);
  const unknown = unknownLines(plan, last, costs, mock);
  const left = section('Left in the project', rejectedLines(plan, last));
  const text = [
    ...head,
    section('What happened', storyLines(entries, journal, quote)),
    section('Nodes', nodeTable(plan, last, quote)),
    left,
    section('Costs', costTables(costs, last, quote)),
    section('Handed over', handoffLines(plan, last, quote)),
    section('Stale evidence', staleLines(last, quote)),
    section('Not known', unknown),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  return {
    text: `${text}\n`,
    short: shortOf(left === '' ? head : [...head, left], entries, unknown),
  };
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.join('\n')}`;
}

function storyLines(entries: readonly Entry[], journal: string, quote: (text: string) => string) {
  const told = entries.map((entry) => entryLine(entry, entries));
  const begin = fitting(told, STORY_BYTES / 2);
  const end = fitting(told.slice(begin).reverse(), STORY_BYTES / 2);
  const left = told.length - begin - end;
  if (left === 0) return told;
  const note = `\n… ${plural(left, 'entry is', 'entries are')} left out here; every event is in ${quote(journal)}\n`;
  return [...told.slice(0, begin), note, ...told.slice(told.length - end)];
}

function entryLine({ time, text, times }: Entry, [first]: readonly Entry[]): string {
  return `- ${clock(time, first?.time)} ${text}${times > 1 ? ` (${times} times)` : ''}`;
}

/** How many of the first lines take so many bytes. */
function fitting(lines: readonly string[], bytes: number): number {
  let left = bytes;
  const first = lines.findIndex((line) => {
    left -= byteLength(line) + 1;
    return left < 0;
  });
  return first === -1 ? lines.length : first;
}

/** What fits an answer: the head, the newest entries, and what is not known. */
function shortOf(head: readonly string[], entries: readonly Entry[], unknown: readonly string[]) {
  const shown: string[] = [];
  let left = SHORT_BYTES - byteLength([...head, ...unknown].join('\n'));
  for (const entry of entries.slice(-SHORT_ENTRIES).reverse()) {
    const line = entryLine(entry, entries);
    left -= byteLength(line) + 1;
    if (left < 0) break;
    shown.unshift(line);
  }
  const more = entries.length - shown.length;
  const before = more > 0 ? [`- … ${more} earlier`] : [];
  const rest = unknown.length === 0 ? '' : section('Not known', unknown.slice(0, SHORT_ENTRIES));
  return [...head, section('Latest', [...before, ...shown]), rest].filter(Boolean).join('\n\n');
}
