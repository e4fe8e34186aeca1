import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { byteLength } from '../../src/core/text.ts';
import type { Step } from '../../src/loopback/index.ts';
import { RawClient } from '../bench/mcp-client.ts';
import { Lab, REPOSITORY } from '../support/lab.ts';

/** What one delegated task may cost its controller, all answers together. */
const MOST_BYTES = 6000;

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const grep = (pattern: string) => ({ name: 'Grep', input: { pattern } });
const bash = (command: string) => ({ name: 'Bash', input: { command, description: 'd' } });
const write = (file: string) => ({ name: 'Write', input: { file_path: file, content: 'x\n' } });

/** Five things a controller should know of, each when the one before has been told. */
function noteworthy(project: string): Step[][] {
  return [
    [{ tools: [write(join(project, 'docs/a.md'))] }],
    [
      {
        text: 'I look for the cause.',
        tools: Array.from({ length: 8 }, (_, at) => grep(`a${at}`)),
      },
    ],
    [{ tools: [bash('rm -rf build')] }],
    Array.from({ length: 3 }, () => ({ tools: [bash('make all')] })),
    [{ text: 'The key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789.', tools: [grep('b')] }],
  ];
}

/** A gate in front of each of them, and one before the end. */
function script(parts: Step[][], project: string): Step[] {
  const gated = parts.flatMap((steps, part) =>
    steps.map((step, at): Step => {
      return at === 0 ? { ...step, hold: { at: 'before_headers', name: `gate-${part}` } } : step;
    }),
  );
  const last = { tools: [write(join(project, 'src/a.ts'))] };
  return [
    ...gated,
    { ...last, hold: { at: 'before_headers', name: `gate-${parts.length}` } },
    { text: 'Corrected src/a.ts. '.repeat(20) },
  ];
}

test.each(['codex-mcp-client', 'claude-code'])(
  'a delegated task with five noteworthy changes costs %s at most 6 kB',
  async (clientName) => {
    lab = await Lab.open([]);
    lab.write('package.json', '{"name":"x"}');
    const parts = noteworthy(lab.project);
    lab.model.addScript({ name: 's', steps: script(parts, lab.project) });
    const client = new RawClient([join(REPOSITORY, 'dist/cc-orchestrator.js'), 'mcp'], {
      cwd: lab.project,
      env: lab.env,
    });
    const bill: [string, number, number][] = [];
    const call = async (name: string, args: object) => {
      const { result, bytes } = await client.request('tools/call', { name, arguments: args });
      const answer = result.structuredContent as Record<string, unknown>;
      bill.push([name, bytes, byteLength(JSON.stringify(answer))]);
      return answer;
    };
    try {
      await client.initialize(clientName);
      const started = await call('cc_run_streaming_agent', {
        task: 'Find out why the tests of this project fail, and correct the cause.',
        allow_write: true,
        scope: { paths: ['src/**'], commands: ['rm -rf build', 'make all'] },
      });
      const run_id = String(started.run_id);
      lab.runs.push(run_id);
      let cursor = '';
      // The thirty minutes are a few waits whose time was up first.
      const wait = async (wait_seconds: number) => {
        const answer = await call('cc_wait_runs', { run_ids: [run_id], cursor, wait_seconds });
        cursor = String(answer.cursor);
        return answer;
      };
      for (let part = 0; part < parts.length; part += 1) {
        await lab.model.waitForHold(`gate-${part}`);
        expect((await wait(0)).reason).toBe('still_running');
        lab.model.release(`gate-${part}`);
        const answer = await wait(60);
        expect(answer).toMatchObject({ reason: 'change', changed: [{ run_id, state: 'running' }] });
      }
      await lab.model.waitForHold(`gate-${parts.length}`);
      expect((await wait(0)).reason).toBe('still_running');
      lab.model.release(`gate-${parts.length}`);
      expect(await wait(60)).toMatchObject({ reason: 'all_ended' });
      const last = await call('cc_last_run', {});
      expect(last).toMatchObject({ run_id, answer: expect.stringContaining('Corrected src/a.ts') });
    } finally {
      await client.close();
    }
    const sum = (column: 1 | 2) => bill.reduce((total, row) => total + row[column], 0);
    console.log(bill.map((row) => row.join(' ')).join('\n'));
    console.log(`${clientName}: ${sum(1)} bytes on the wire, ${sum(2)} in what its model sees`);
    expect(sum(2)).toBeLessThanOrEqual(MOST_BYTES);
    // Others than Codex get the same once more as text, which Claude Code does not show its model.
    if (clientName === 'codex-mcp-client') expect(sum(1)).toBeLessThanOrEqual(MOST_BYTES);
  },
);
