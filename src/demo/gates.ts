import { byteLength } from '../core/text.ts';
import { costOf } from '../profiles/prices.ts';
import type { RunRecord } from '../runs/record.ts';
import type { Evidence, ReadingEvidence, StoppingEvidence, WritingEvidence } from './evidence.ts';
import { type Leftovers, SCRATCH_PRICE } from './scratch.ts';
import { INSIDE, OUTSIDE } from './selftest-scripts.ts';

export type Gate = { name: string; ok: boolean; detail?: string };

type Finding = { ok: boolean; detail: string };

const LAUNCH_MS = 2000;
const IDLE_BYTES = 1024;
const WRITE_TOOLS = ['Edit', 'Write', 'MultiEdit', 'NotebookEdit', 'Bash'];

/**
 * The verdict of the self-test: pure functions of the evidence, so that each gate can be seen to fail.
 * Where evidence is missing the gate fails and says that it was not reached.
 */
export function judgeSelfTest(evidence: Evidence, answer: string, problem?: string): Gate[] {
  const { claude, writing, reading, stopping, leftovers } = evidence;
  let reason = problem ?? 'unknown reason';
  const gate = <T>(name: string, part: T | undefined, judge: (part: T) => Finding): Gate => {
    if (part !== undefined) return { name, ...judge(part) };
    const detail = `not reached: ${reason}`;
    reason = 'as above';
    return { name, ok: false, detail };
  };
  return [
    gate('claude_found', claude, ({ path, version }) => yes(`Claude Code ${version} at ${path}`)),
    gate('run_starts', writing, started),
    gate('events_live', writing, live),
    gate('tool_in_scope_done', writing, ({ inside }) => ({
      ok: inside === INSIDE.text,
      detail: `${INSIDE.file}: ${inside === null ? 'missing' : `${inside.length} characters`}`,
    })),
    gate('write_outside_refused', writing, refused),
    gate('tokens_counted', writing, tokens),
    gate('cost_from_price', writing, cost),
    gate('poll_only_news', writing, onlyNews),
    gate('idle_poll_small', writing, idle),
    gate('wait_sees_end', writing, waited),
    gate('answer_stored', writing, (part) => ({
      ok: part.answer === answer && part.record.state === 'succeeded',
      detail: `${part.record.state}, ${part.answer.length} characters`,
    })),
    gate('diff_exact', writing, diff),
    gate('secrets_hidden', writing, hidden),
    gate('read_only_has_no_write_tools', reading, readOnly),
    gate('stop_leaves_no_process', stopping, stops),
    gate('nothing_left', leftovers, nothingLeft),
  ];
}

function started({ launch_ms, record }: WritingEvidence): Finding {
  const ok = launch_ms <= LAUNCH_MS && record.started !== undefined;
  return { ok, detail: `run id after ${launch_ms} ms (limit ${LAUNCH_MS} ms)` };
}

function live({ events, seen_while_held: seen }: WritingEvidence): Finding {
  const gap = events.findIndex((event, index) => event.seq !== index + 1);
  const ended = events.at(-1)?.type === 'cc.run.ended';
  const early = seen.tools.length === 1 && seen.state === 'running';
  const order = gap === -1 ? `${events.length} events without a gap` : `gap at event ${gap + 1}`;
  const when = early ? 'the first tool call seen while the model was held' : 'not seen in time';
  return { ok: gap === -1 && ended && early, detail: `${order}; ${when}` };
}

function refused({ events, outside, record }: WritingEvidence): Finding {
  const refusals = events.filter(
    (event) => event.type === 'cc.hook.answered' && event.allow === false,
  );
  const ok = refusals.length === 1 && outside === null && record.outcome?.denials === 1;
  const file = outside === null ? 'does not exist' : 'EXISTS';
  return { ok, detail: `${refusals.length} refusal; ${OUTSIDE} ${file}` };
}

function tokens({ record, declared }: WritingEvidence): Finding {
  const counted = tokensOf(record);
  const ok =
    counted.input === declared.input &&
    counted.output === declared.output &&
    counted.cache_read === declared.cacheRead &&
    counted.cache_write === declared.cacheCreation &&
    declared.output > 0;
  const [a, b] = [Object.values(counted).join('/'), Object.values(declared).join('/')];
  return { ok, detail: ok ? `${a} in/out/read/written` : `counted ${a}, declared ${b}` };
}

function cost({ record, declared }: WritingEvidence): Finding {
  const wanted = costOf(
    {
      input: declared.input,
      output: declared.output,
      cache_read: declared.cacheRead,
      cache_write: declared.cacheCreation,
    },
    { ...SCRATCH_PRICE, currency: 'USD', per: 1_000_000, source: 'profile' },
  );
  const usd = record.outcome?.usage.usd;
  const known = typeof usd === 'number' && wanted !== undefined && usd > 0;
  const ok =
    known && Math.abs(usd - wanted) < 1e-6 && record.outcome?.usage.usd_source === 'profile';
  return { ok, detail: ok ? `$${usd}` : `$${usd}, expected $${wanted}` };
}

function onlyNews({ first_poll, idle_poll, last_poll }: WritingEvidence): Finding {
  const inside = (lines: readonly string[] | undefined) =>
    (lines ?? []).some((line) => line.includes(INSIDE.file));
  const late = last_poll.news ?? [];
  const ok =
    inside(first_poll.news) &&
    idle_poll.news === undefined &&
    !inside(late) &&
    late.some((line) => line.includes(OUTSIDE)) &&
    last_poll.cursor !== idle_poll.cursor;
  return { ok, detail: `${late.length} lines of news after the cursor, none of them old` };
}

function idle({ idle_poll }: WritingEvidence): Finding {
  const bytes = byteLength(JSON.stringify(idle_poll));
  return { ok: bytes <= IDLE_BYTES, detail: `${bytes} bytes (limit ${IDLE_BYTES})` };
}

function waited({ wait, record }: WritingEvidence): Finding {
  const ok = wait.reason === 'all_ended' && wait.ended.includes(record.run_id);
  return { ok, detail: `${wait.reason} after ${wait.ms} ms` };
}

function diff({ changed, patch }: WritingEvidence): Finding {
  const lines = patch.split('\n');
  const added = lines.filter((line) => /^\+(?!\+\+ )/.test(line));
  const removed = lines.filter((line) => /^-(?!-- )/.test(line));
  const ok =
    changed.length === 1 &&
    changed[0] === INSIDE.file &&
    removed.length === 0 &&
    added.join('\n') === `+${INSIDE.text.trimEnd()}`;
  return { ok, detail: `${changed.join(', ') || 'nothing'} +${added.length} -${removed.length}` };
}

function hidden({ secrets }: WritingEvidence): Finding {
  const ok = secrets.found_in.length === 0 && secrets.redacted && secrets.files_read > 0;
  if (secrets.found_in.length > 0)
    return { ok, detail: `the token is in ${secrets.found_in.join(', ')}` };
  const said = secrets.redacted ? 'said by the worker, redacted' : 'never redacted: not tried';
  return { ok, detail: `${said}; ${secrets.files_read} files of the run searched` };
}

function readOnly({ announced, offered, written, record }: ReadingEvidence): Finding {
  const writers = WRITE_TOOLS.filter((tool) => announced.includes(tool) || offered.includes(tool));
  const ok =
    writers.length === 0 &&
    offered.includes('Read') &&
    written === null &&
    record.state === 'succeeded';
  const has = offered.join(', ') || 'no tools';
  return { ok, detail: writers.length === 0 ? `offered: ${has}` : `has ${writers.join(', ')}` };
}

function stops(part: StoppingEvidence): Finding {
  const { processes_before, processes_after, stopped, state, ms } = part;
  const ok =
    stopped && state === 'cancelled' && processes_before >= 2 && processes_after.length === 0;
  return {
    ok,
    detail: `${state} after ${ms} ms; ${processes_before} processes before, ${processes_after.length} after`,
  };
}

function nothingLeft({ processes, paths }: Leftovers): Finding {
  const left = [...processes.map((pid) => `process ${pid}`), ...paths];
  return { ok: left.length === 0, detail: left.join(', ') || 'no process, no file' };
}

function tokensOf(record: RunRecord) {
  const counted = record.outcome?.usage.tokens;
  return {
    input: counted?.input ?? 0,
    output: counted?.output ?? 0,
    cache_read: counted?.cache_read ?? 0,
    cache_write: counted?.cache_write ?? 0,
  };
}

function yes(detail: string): Finding {
  return { ok: true, detail };
}
