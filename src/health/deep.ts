import { join } from 'node:path';
import { timeLimit } from '../core/clock.ts';
import { CcError, toErrorFacts } from '../core/errors.ts';
import { arrayAt, isObject, stringAt } from '../core/json.ts';
import {
  openScratch,
  SCRATCH_PROFILE,
  type Scratch,
  supervisorComplaint,
} from '../demo/scratch.ts';
import { textOf } from '../demo/writing-run.ts';
import type { Script } from '../loopback/index.ts';
import type { SandboxMode } from '../proc/sandbox.ts';
import { followRun } from '../runs/follow.ts';
import { launchRun } from '../runs/launch.ts';
import type { Posture } from '../runs/record.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { resultText } from '../workers/claude/tool-text.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths } from '../workspace/layout.ts';
import { readPolicy } from '../workspace/policy.ts';
import type { Check } from './check.ts';

const WALL_SECONDS = 60;
/** Usually 0.2 s. */
const START_SECONDS = 15;
const TICK_MS = 250;
/** Where the worker tries to write: by a file tool and by a shell, outside of its scope and inside. */
const OUTSIDE = { tool: 'test/by-tool.txt', shell: 'test/by-shell.txt' } as const;
const INSIDE = { tool: 'src/by-tool.txt', shell: 'src/by-shell.txt' } as const;

type Way = 'sandboxed' | 'bare';

/**
 * Proves with the installed Claude Code that a denied write is denied: a real worker against the
 * embedded model, in a place of its own that is removed afterwards, with the sandbox and without.
 */
export async function checkDeeply(host: Host, signal: AbortSignal): Promise<Check[]> {
  const limit = timeLimit(2 * WALL_SECONDS * 1000, signal);
  const mode = (await readPolicy(host.home).catch(() => undefined))?.sandbox ?? 'auto';
  let scratch: Scratch | undefined;
  try {
    scratch = await openScratch(host, (project) => [
      scriptOf('sandboxed', project),
      scriptOf('bare', project),
    ]);
    const bare = await attempt(scratch, 'bare', 'off', limit);
    const held = mode === 'off' ? undefined : await attempt(scratch, 'sandboxed', 'auto', limit);
    return [judgeDenial('denied_write', bare), ...judgeSandbox(held, mode)];
  } catch (error) {
    const { message, hint } = toErrorFacts(error);
    return [{ name: 'denied_write', status: 'fail', detail: message, fix: hint ?? REPORT }];
  } finally {
    await scratch?.close();
  }
}

const REPORT =
  'Do not let workers write with this version of Claude Code; `cc-orchestrator selftest` says more.';
const INSTALL = 'Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap).';

/** What came of one worker's attempts. */
export type Denial = {
  state: string;
  posture: Posture | undefined;
  /** What was said to the model, tool result by tool result. */
  told: string[];
  /** Files that exist afterwards. */
  outside: string[];
  inside: string[];
};

/** A write that our hook denies must not happen, and the model must be told why. */
export function judgeDenial(name: string, { state, told, outside, inside }: Denial): Check {
  const reached = told.some((text) => text.includes('outside the write scope'));
  const detail = [
    `run ${state}`,
    `outside the scope: ${outside.join(', ') || 'nothing written'}`,
    `reason ${reached ? 'reached the model' : 'DID NOT REACH the model'}`,
    `inside: ${inside.join(', ') || 'NOTHING WRITTEN'}`,
  ].join('; ');
  const ok =
    state === 'succeeded' && outside.length === 0 && reached && inside.includes(INSIDE.tool);
  return { name, status: ok ? 'pass' : 'fail', detail, ...(ok ? {} : { fix: REPORT }) };
}

/** The same in the sandbox, where a shell with every command allowed must fail as well. */
export function judgeSandbox(held: Denial | undefined, mode: SandboxMode): Check[] {
  const name = 'sandbox';
  if (held === undefined) {
    return [{ name, status: 'warn', detail: `switched off in policy.yaml (sandbox: ${mode})` }];
  }
  const { posture } = held;
  if (posture === undefined || posture.sandbox === 'none') {
    const detail = `none: ${posture?.why_none ?? 'unknown'}; ${posture?.blind[0] ?? ''}`;
    return [{ name, status: 'warn', detail, fix: INSTALL }];
  }
  const denial = judgeDenial('denied_write_sandboxed', held);
  const works = held.inside.includes(INSIDE.shell);
  const ok = denial.status === 'pass' && works;
  const detail = `${posture.sandbox}; a shell could ${works ? '' : 'NOT '}write inside its scope and ${held.outside.includes(OUTSIDE.shell) ? 'ALSO' : 'not'} outside`;
  return [denial, { name, status: ok ? 'pass' : 'fail', detail, ...(ok ? {} : { fix: REPORT }) }];
}

async function attempt(
  scratch: Scratch,
  way: Way,
  sandbox: SandboxMode,
  signal: AbortSignal,
): Promise<Denial> {
  const { host, place, model } = scratch;
  await writeFileAtomic(host.home.policy, `start_interval_ms: 0\nsandbox: ${sandbox}\n`);
  const request = (commands: string[]) => ({
    task: taskOf(way),
    profile: SCRATCH_PROFILE,
    allowWrite: true,
    scope: { paths: ['src/**'], commands },
    budget: { wall_seconds: WALL_SECONDS },
    client: 'healthcheck',
  });
  const wanted = sandbox === 'off' ? [] : ['*'];
  // Without a sandbox any command is refused; then what is told of the run without a shell counts.
  const { record } = await launchRun(host, place, request(wanted)).catch(() =>
    launchRun(host, place, request([])),
  );
  const paths = runPaths(place.workspace, record.run_id);
  const run = { workspace: place.workspace, paths, record };
  let state = 'lost';
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), START_SECONDS * 1000);
  const watching = AbortSignal.any([signal, giveUp.signal]);
  for await (const events of followRun(host, run, { tickMs: TICK_MS, signal: watching })) {
    if (events.length > 0) clearTimeout(timer);
    const end = events.find((event) => event.type === 'cc.run.ended');
    if (end !== undefined && isObject(end.outcome)) state = stringAt(end.outcome, 'state') ?? state;
  }
  clearTimeout(timer);
  if (watching.aborted) {
    throw new CcError('TIMED_OUT', 'The worker of the check got nowhere.', {
      hint: (await supervisorComplaint(scratch)) ?? REPORT,
    });
  }
  const there = async (names: readonly string[]) => {
    const texts = await Promise.all(names.map((name) => textOf(join(place.cwd, name))));
    return names.filter((_, index) => texts[index] !== null);
  };
  return {
    state,
    posture: record.posture,
    told: toldTo(model.requestsFor(way).at(-1)?.body),
    outside: await there(Object.values(OUTSIDE)),
    inside: await there(Object.values(INSIDE)),
  };
}

function taskOf(way: Way): string {
  return `DEEP-${way.toUpperCase()}: write inside the scope and outside.`;
}

function scriptOf(way: Way, project: string): Script {
  const write = (file: string) => ({
    tools: [{ name: 'Write', input: { file_path: join(project, file), content: `${way}\n` } }],
  });
  const shell = (file: string) => ({
    tools: [{ name: 'Bash', input: { command: `echo ${way} > ${file}`, description: 'Write' } }],
  });
  return {
    name: way,
    match: taskOf(way),
    steps: [
      write(INSIDE.tool),
      write(OUTSIDE.tool),
      shell(INSIDE.shell),
      shell(OUTSIDE.shell),
      { text: 'I tried.' },
    ],
  };
}

/** The texts of all tool results in a request to the model. */
function toldTo(body: unknown): string[] {
  return arrayAt(body, 'messages')
    .flatMap((message) => arrayAt(message, 'content'))
    .filter((block) => stringAt(block, 'type') === 'tool_result')
    .map((block) => resultText(isObject(block) ? block.content : undefined));
}
