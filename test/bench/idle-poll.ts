import { join } from 'node:path';
import { byteLength } from '../../src/core/text.ts';
import type { Script } from '../../src/loopback/index.ts';
import { type Lab, REPOSITORY } from '../support/lab.ts';
import type { Benchmark } from './harness.ts';
import { RawClient } from './mcp-client.ts';
import { withLab } from './with-lab.ts';

/** Half a minute of patience with a worker that is just coming up. */
const POLLS = 300;
const PAUSE_MS = 100;

export const idlePoll: Benchmark = {
  name: 'idle-poll',
  about: 'what a poll costs while a real worker waits for its model and nothing is new',
  run: () =>
    withLab([SCRIPT], async (lab) => {
      const run = await lab.launch({ task: 'Look around.', profile: 'env:lab' });
      await lab.model.waitForHold(HOLD);
      const claude = await pollOver(lab, 'claude-code', run.record.run_id);
      const codex = await pollOver(lab, 'codex-mcp-client', run.record.run_id);
      lab.model.release(HOLD);
      await lab.ended(run);
      const goal = { ours: 1000 };
      return [
        { name: 'idle poll: result', unit: 'bytes', ours: [claude.result], goal },
        { name: 'idle poll: whole reply, Claude Code', unit: 'bytes', ours: [claude.reply], goal },
        { name: 'idle poll: whole reply, Codex', unit: 'bytes', ours: [codex.reply], goal },
      ];
    }),
};

const HOLD = 'thinking';
const SCRIPT: Script = {
  name: 'idle',
  steps: [
    { text: 'Looking.', tools: [{ name: 'Glob', input: { pattern: '**/*.md' } }] },
    { text: 'Done.', hold: { at: 'before_headers', name: HOLD } },
  ],
};

/** Polls with the cursor of the poll before until there is nothing new, and measures that one. */
async function pollOver(lab: Lab, clientName: string, runId: string) {
  const client = new RawClient([join(REPOSITORY, 'dist/cc-orchestrator.js'), 'mcp'], {
    cwd: lab.project,
    env: lab.env,
  });
  try {
    await client.initialize(clientName);
    let cursor = '';
    for (let poll = 0; poll < POLLS; poll += 1) {
      const { result, bytes } = await client.request('tools/call', {
        name: 'cc_poll_run',
        arguments: { run_id: runId, cursor },
      });
      const answer = result.structuredContent as Record<string, unknown>;
      if (answer.cursor === cursor) {
        if (answer.state !== 'running') throw new Error(`the run is ${answer.state}`);
        return { reply: bytes, result: byteLength(JSON.stringify(answer)) };
      }
      cursor = String(answer.cursor);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new Error('there was always something new');
  } finally {
    await client.close();
  }
}
