import { existsSync, readFileSync } from 'node:fs';
import type { Script, Step, ToolResult, ToolUse } from '../../src/loopback/index.ts';
import type { Lab } from '../support/lab.ts';
import type { Random } from '../support/random.ts';

/**
 * What the model says in one run, and how one knows that all of it really happened. Every tool call
 * leaves a trace of its own, so that one that was lost or done twice shows.
 */
export type Story = {
  script: Script;
  request: { task: string; allowWrite: boolean; scope?: { paths: string[]; commands: string[] } };
  /** Why this conversation cannot have completed; empty when it has. */
  missing: () => string[];
};

export const SCRIPT = 'story';
const LOG = 'work.log';

/** Notes that it ran, and leaves a process behind that nothing but SIGKILL ends. */
const WORK = `
require('node:fs').appendFileSync('${LOG}', process.argv[2] + '\\n');
if (process.argv[3] === 'stray') {
  require('node:child_process')
    .spawn('sh', ['-c', "trap '' TERM HUP INT; while :; do sleep 1; done"], { detached: true, stdio: 'ignore' })
    .unref();
}
`;

export function tellStory(lab: Lab, random: Random, readOnly: boolean): Story {
  const files = new Map<string, string>();
  const logged: string[] = [];
  let calls = 0;
  lab.write('work.js', WORK);

  const read = (): ToolUse => ({ name: 'Read', input: { file_path: lab.path('README.md') } });
  const write = (): ToolUse => {
    const name = `out/file-${calls}.txt`;
    files.set(name, `text ${calls}\n`);
    return { name: 'Write', input: { file_path: lab.path(name), content: `text ${calls}\n` } };
  };
  const shell = (): ToolUse => {
    logged.push(String(calls));
    const command = `node work.js ${calls}${random.chance(0.3) ? ' stray' : ''}`;
    return { name: 'Bash', input: { command, description: 'work' } };
  };
  const tool = (): ToolUse => {
    calls += 1;
    return readOnly ? read() : random.pick([read, write, write, shell])();
  };
  const pace = () => ({ beforeHeadersMs: random.between(30, 400) });

  const steps: Step[] = Array.from({ length: random.between(3, 7) }, (_, index) => ({
    text: `Step ${index}.`,
    tools: random.chance(0.3) ? [tool(), tool()] : [tool()],
    pace: pace(),
  }));
  const answer = `All ${calls} calls are done (${random.between(0, 1e9)}).`;
  let results: readonly ToolResult[] = [];
  const last = (call: { toolResults: readonly ToolResult[] }): Step => {
    results = call.toolResults;
    return { text: answer, pace: pace() };
  };

  return {
    script: { name: SCRIPT, steps: [...steps, last] },
    request: {
      task: `Do the ${calls} things.`,
      allowWrite: !readOnly,
      ...(readOnly ? {} : { scope: { paths: ['**'], commands: ['node work.js *'] } }),
    },
    missing: () => {
      const problems: string[] = [];
      const served = lab.model.requestsFor(SCRIPT).filter((one) => one.state === 'complete');
      for (let step = 0; step <= steps.length; step += 1) {
        if (!served.some((one) => one.step === step)) problems.push(`step ${step} was not served`);
      }
      if (results.length !== calls) problems.push(`${results.length} of ${calls} tool results`);
      for (const { tool: name, text } of results.filter((one) => one.isError)) {
        problems.push(`${name} failed: ${text.slice(0, 120)}`);
      }
      for (const [name, content] of files) {
        if (lab.read(name) !== content) problems.push(`${name} is not what was written`);
      }
      const did = existsSync(lab.path(LOG)) ? readFileSync(lab.path(LOG), 'utf8').split('\n') : [];
      if (did.sort().join() !== ['', ...logged].sort().join() && logged.length > 0) {
        problems.push(`commands ${logged.join()} were run as ${did.filter(Boolean).join()}`);
      }
      return problems;
    },
  };
}
