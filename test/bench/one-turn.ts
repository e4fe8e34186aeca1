import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemPrompt } from '../../src/prompts/system.ts';
import { planRun } from '../../src/runs/plan.ts';
import { waitForRuns } from '../../src/runs/wait.ts';
import { claudeArguments } from '../../src/workers/claude/arguments.ts';
import { userMessage } from '../../src/workers/claude/control.ts';
import { workerVariables } from '../../src/workers/claude/environment.ts';
import type { Lab } from '../support/lab.ts';
import { type Benchmark, inTurns } from './harness.ts';
import { withLab } from './with-lab.ts';

const TASK = 'Say that you are done.';

export const oneTurn: Benchmark = {
  name: 'one-turn',
  about: 'a run of one turn, against bare `claude -p` with the same binary, flags and model',
  run: (context) =>
    withLab([{ name: 'one-turn', steps: [{ text: 'Done.' }] }], async (lab) => {
      const bare = await bareWorker(lab);
      const { ours, reference } = await inTurns(context, () => throughUs(lab), bare);
      const goal = { ratio: 1.25 };
      return [
        {
          name: 'one turn → record final',
          unit: 'ms',
          ours: ours.map((one) => one.final),
          reference,
          goal,
        },
        {
          name: 'one turn → seen by a waiter',
          unit: 'ms',
          ours: ours.map((one) => one.seen),
          reference,
          goal,
        },
        { name: 'one turn: start returns', unit: 'ms', ours: ours.map((one) => one.launched) },
      ];
    }),
};

/** Wall clock on purpose: the end is read from a file's time stamp, which another process made. */
const now = () => performance.timeOrigin + performance.now();

async function throughUs(lab: Lab) {
  const start = now();
  const run = await lab.launch({ task: TASK, profile: 'env:lab' });
  const launched = now() - start;
  const { reason } = await waitForRuns(lab.host(), {
    runs: [run],
    until: 'all',
    cursor: undefined,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  const seen = now() - start;
  if (reason !== 'all_ended' || run.record.state !== 'succeeded') {
    throw new Error(`the run is ${run.record.state} (${reason})`);
  }
  return { launched, final: statSync(run.paths.metadata).ctimeMs - start, seen };
}

/** Claude Code alone: everything as our worker has it, but nobody watches and nobody hooks in. */
async function bareWorker(lab: Lab): Promise<() => Promise<number>> {
  const { record, roleText, workerEnv } = await planRun(lab.host(), lab.place(), {
    task: TASK,
    profile: 'env:lab',
  });
  const systemPromptFile = join(lab.dir, 'system-prompt.md');
  writeFileSync(
    systemPromptFile,
    systemPrompt({
      role: record.role,
      roleText,
      scope: undefined,
      budget: record.budget,
      mayAsk: false,
      guidance: undefined,
    }),
  );
  let count = 0;
  return async () => {
    count += 1;
    const [configDir, tmpDir] = ['config', 'tmp'].map((name) =>
      join(lab.dir, `bare-${count}`, name),
    );
    for (const path of [configDir, tmpDir]) mkdirSync(path ?? '', { recursive: true });
    const start = now();
    await endOf(
      record.worker.path,
      claudeArguments({
        sessionId: randomUUID(),
        resume: false,
        model: record.model ?? undefined,
        allowWrite: false,
        mayAsk: false,
        maxTurns: record.budget.max_turns,
        maxUsd: undefined,
        systemPromptFile,
        officialLogin: false,
        readableDirs: [],
      }),
      {
        cwd: lab.project,
        env: {
          ...workerEnv,
          ...workerVariables({ runId: `bare-${count}`, tmpDir: tmpDir ?? '', configDir }),
        },
      },
    );
    return now() - start;
  };
}

async function endOf(
  file: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<void> {
  const child = spawn(file, [...args], { ...options, stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(`${JSON.stringify(userMessage(randomUUID(), [TASK]))}\n`);
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (code !== 0 || !output.includes('"type":"result"')) {
    throw new Error(`bare claude ended with ${code}: ${output.slice(-300)}`);
  }
}
