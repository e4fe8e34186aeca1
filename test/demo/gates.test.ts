import { describe, expect, it } from 'vitest';
import type { Evidence, WritingEvidence } from '../../src/demo/evidence.ts';
import { type Gate, judgeSelfTest } from '../../src/demo/gates.ts';
import { INSIDE, OUTSIDE } from '../../src/demo/selftest-scripts.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import type { RunRecord } from '../../src/runs/record.ts';

const ANSWER = 'the answer';

/** Evidence with which every gate passes; each test spoils one piece of it. */
function good() {
  const record = {
    run_id: 'run_20261121t110900123z_k3v7qa2m',
    state: 'succeeded',
    started: '2026-11-21T11:09:00.123Z',
    outcome: {
      denials: 1,
      usage: {
        tokens: { input: 1000, output: 100, cache_read: 2000, cache_write: 10 },
        usd: 0.000806,
        usd_source: 'profile',
      },
    },
  } as unknown as RunRecord;
  const event = (seq: number, fields: object) =>
    ({ seq, epoch: 1, time: '', ...fields }) as RunEvent;
  const writing: WritingEvidence = {
    launch_ms: 50,
    record,
    events: [
      event(1, { type: 'cc.run.started' }),
      event(2, { type: 'cc.tool.used', tool: 'Write' }),
      event(3, { type: 'cc.hook.answered', allow: false }),
      event(4, { type: 'cc.run.ended' }),
    ],
    seen_while_held: { tools: ['Write'], state: 'running' },
    first_poll: { run_id: 'r', state: 'running', cursor: 'a', news: [`Write /p/${INSIDE.file}`] },
    idle_poll: { run_id: 'r', state: 'running', cursor: 'a' },
    last_poll: { run_id: 'r', state: 'succeeded', cursor: 'b', news: [`Write /p/${OUTSIDE}`] },
    wait: { reason: 'all_ended', ended: [record.run_id], ms: 5 },
    declared: { input: 1000, output: 100, cacheRead: 2000, cacheCreation: 10 },
    answer: ANSWER,
    inside: INSIDE.text,
    outside: null,
    changed: [INSIDE.file],
    patch: `--- /dev/null\n+++ b/${INSIDE.file}\n@@ -0,0 +1 @@\n+${INSIDE.text}`,
    secrets: { token: 't', files_read: 9, found_in: [], redacted: true },
  };
  return {
    claude: { path: '/bin/claude', version: '2.1.329' },
    writing,
    reading: {
      record,
      announced: ['Read'],
      offered: ['Read', 'Grep'],
      written: null as string | null,
    },
    stopping: {
      processes_before: 3,
      stopped: true as boolean,
      state: 'cancelled',
      processes_after: [] as number[],
      ms: 400,
    },
    leftovers: { processes: [] as number[], paths: [] as string[] },
  } satisfies Evidence;
}
type Good = ReturnType<typeof good>;

const failing = (gates: readonly Gate[]) => gates.flatMap(({ name, ok }) => (ok ? [] : [name]));
const judge = (evidence: Evidence) => failing(judgeSelfTest(evidence, ANSWER, 'a problem'));

function spoil(change: (evidence: Good) => void): string[] {
  const evidence = structuredClone(good());
  change(evidence);
  return judge(evidence);
}

it('passes with good evidence, and says what it is for each gate', () => {
  const gates = judgeSelfTest(good(), ANSWER);
  expect(failing(gates)).toEqual([]);
  expect(gates).toHaveLength(16);
  expect(gates.every(({ detail }) => detail !== undefined && detail !== '')).toBe(true);
});

describe('each gate fails, alone, for', () => {
  const usage = (evidence: Good) => evidence.writing.record.outcome?.usage;
  it.each<[string, string, (evidence: Good) => void]>([
    [
      'a slow launch',
      'run_starts',
      (e) => {
        e.writing.launch_ms = 2001;
      },
    ],
    ['a gap in seq', 'events_live', (e) => void e.writing.events.splice(1, 1)],
    ['a run without an end', 'events_live', (e) => void e.writing.events.pop()],
    [
      'nothing seen while held',
      'events_live',
      (e) => {
        e.writing.seen_while_held.tools = [];
      },
    ],
    [
      'a missing file',
      'tool_in_scope_done',
      (e) => {
        e.writing.inside = null;
      },
    ],
    [
      'wrong content',
      'tool_in_scope_done',
      (e) => {
        e.writing.inside = 'x';
      },
    ],
    [
      'a file outside',
      'write_outside_refused',
      (e) => {
        e.writing.outside = 'x';
      },
    ],
    [
      'a refusal that was none',
      'write_outside_refused',
      (e) => Object.assign(e.writing.events[2] ?? {}, { allow: true }),
    ],
    [
      'a lost token',
      'tokens_counted',
      (e) => Object.assign(usage(e)?.tokens ?? {}, { input: 999 }),
    ],
    ['another price', 'cost_from_price', (e) => Object.assign(usage(e) ?? {}, { usd: 0.0009 })],
    ['no price', 'cost_from_price', (e) => Object.assign(usage(e) ?? {}, { usd: null })],
    [
      "the CLI's own price",
      'cost_from_price',
      (e) => Object.assign(usage(e) ?? {}, { usd_source: 'claude-code' }),
    ],
    [
      'old news',
      'poll_only_news',
      (e) => void e.writing.last_poll.news?.push(`Write /p/${INSIDE.file}`),
    ],
    [
      'news lost',
      'poll_only_news',
      (e) => {
        e.writing.first_poll.news = [];
      },
    ],
    [
      'news where nothing is new',
      'poll_only_news',
      (e) => {
        e.writing.idle_poll.news = ['x'];
      },
    ],
    [
      'a talkative poll',
      'idle_poll_small',
      (e) => {
        e.writing.idle_poll.title = 'x'.repeat(1024);
      },
    ],
    [
      'a wait that ran out',
      'wait_sees_end',
      (e) => {
        e.writing.wait.reason = 'still_running';
      },
    ],
    [
      'another run',
      'wait_sees_end',
      (e) => {
        e.writing.wait.ended = ['other'];
      },
    ],
    [
      'another answer',
      'answer_stored',
      (e) => {
        e.writing.answer = '';
      },
    ],
    ['one file too many', 'diff_exact', (e) => void e.writing.changed.push('x')],
    [
      'one line too many',
      'diff_exact',
      (e) => {
        e.writing.patch += '+more\n';
      },
    ],
    [
      'a line removed',
      'diff_exact',
      (e) => {
        e.writing.patch += '-gone\n';
      },
    ],
    ['a token in a file', 'secrets_hidden', (e) => void e.writing.secrets.found_in.push('events')],
    [
      'a token never said',
      'secrets_hidden',
      (e) => {
        e.writing.secrets.redacted = false;
      },
    ],
    [
      'nothing searched',
      'secrets_hidden',
      (e) => {
        e.writing.secrets.files_read = 0;
      },
    ],
    [
      'a tool announced',
      'read_only_has_no_write_tools',
      (e) => void e.reading.announced.push('Write'),
    ],
    ['a tool offered', 'read_only_has_no_write_tools', (e) => void e.reading.offered.push('Bash')],
    [
      'a reader that wrote',
      'read_only_has_no_write_tools',
      (e) => {
        e.reading.written = 'x';
      },
    ],
    ['a process left', 'stop_leaves_no_process', (e) => void e.stopping.processes_after.push(7)],
    [
      'nothing to stop',
      'stop_leaves_no_process',
      (e) => {
        e.stopping.processes_before = 1;
      },
    ],
    [
      'a stop that is pending',
      'stop_leaves_no_process',
      (e) => {
        e.stopping.stopped = false;
      },
    ],
    ['a directory left', 'nothing_left', (e) => void e.leftovers.paths.push('/tmp/x')],
    ['a process left at the end', 'nothing_left', (e) => void e.leftovers.processes.push(7)],
  ])('%s: %s', (_reason, gate, change) => {
    expect(spoil(change)).toEqual([gate]);
  });
});

it('fails every gate that was not reached, and says why once', () => {
  const { claude, leftovers } = good();
  const gates = judgeSelfTest({ claude, leftovers }, ANSWER, 'the time was up');
  expect(failing(gates)).toHaveLength(14);
  expect(gates.filter(({ detail }) => detail?.includes('the time was up'))).toHaveLength(1);
});
