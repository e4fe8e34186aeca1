import { parseArgs } from 'node:util';
import { EXIT } from '../core/errors.ts';
import { arrayAt, isObject, stringAt } from '../core/json.ts';
import { neutralise } from '../core/text.ts';
import type { Check } from '../health/check.ts';
import { examine } from '../health/doctor.ts';
import { repair } from '../health/repair.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { listProfiles } from '../profiles/list.ts';
import { programNote } from '../setup/program-note.ts';
import { callTool } from '../tools/call.ts';
import type { Tool, ToolContext } from '../tools/define.ts';
import type { Host } from '../workspace/host.ts';
import { resolvePlace } from '../workspace/resolve.ts';
import { untilInterrupted } from './interrupt.ts';
import { renderProgress, type Screen } from './render.ts';
import { setup } from './setup.ts';

type Options = { strict: boolean; json: boolean; fix: boolean; live: boolean; yes: boolean };

/** `cc-orchestrator doctor`: everything that can be wrong, each with the command that puts it right. */
export async function doctor(
  args: readonly string[],
  host: Host,
  screen: Screen,
  testProfile: Tool,
): Promise<number> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      strict: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      fix: { type: 'boolean', default: false },
      live: { type: 'boolean', default: false },
      yes: { type: 'boolean', short: 'y', default: false },
    },
  });
  const place = async () =>
    resolvePlace({ cwd: undefined, env: host.env, processCwd: process.cwd() });
  if (options.fix) await fixOwned(host, options, screen);
  const checks = await examine(host, place);
  if (options.live) {
    const live = (signal: AbortSignal) => askProfiles(host, screen, testProfile, signal);
    checks.push(...(await untilInterrupted(live)));
  }
  const ok = checks.every(({ status }) => isGood(status, options));
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ok, checks })}\n`
      : render(checks, options, programNote(host)),
  );
  return ok ? EXIT.ok : EXIT.checkFailed;
}

function isGood(status: Check['status'], { strict }: Options): boolean {
  return status === 'pass' || (status === 'warn' && !strict);
}

/** Only what is ours: the mode of our home, and what setup has once written and is out of date. */
async function fixOwned(host: Host, options: Options, screen: Screen): Promise<void> {
  const { done, clients } = await repair(host);
  for (const line of done) process.stderr.write(`${line}\n`);
  for (const client of clients) {
    const flags = [...(options.yes ? ['--yes'] : []), ...(options.json ? ['--json'] : [])];
    await setup(['--client', client, ...flags], host, screen, process.stderr);
  }
}

/** One short conversation with every usable profile, as cc_test_profile has it. Costs some tokens. */
async function askProfiles(
  host: Host,
  screen: Screen,
  tool: Tool,
  signal: AbortSignal,
): Promise<Check[]> {
  const { profiles } = await listProfiles(profileHostOf(host));
  const checks: Check[] = [];
  for (const { id } of profiles.filter(({ usable }) => usable)) {
    if (screen.isTTY) process.stderr.write(renderProgress(`asking ${id}`, screen));
    checks.push(await askProfile(tool, id, context(host, signal)));
  }
  return checks;
}

async function askProfile(tool: Tool, id: string, call: ToolContext): Promise<Check> {
  const name = `live ${id}`;
  const outcome = await callTool(tool, { profile: id }, call);
  if (!outcome.ok) {
    const { message, hint } = outcome.error;
    return { name, status: 'fail', detail: message, ...(hint === undefined ? {} : { fix: hint }) };
  }
  const probes = arrayAt(outcome.result, 'probes').filter(isObject);
  const failed = probes.filter((probe) => probe.verdict === 'fail');
  const [first] = failed;
  if (first === undefined || outcome.result.ok === true) {
    return {
      name,
      status: failed.length === 0 ? 'pass' : 'warn',
      detail: summary(probes),
      ...fixOf(first, id),
    };
  }
  const detail = `${stringAt(first, 'name')}: ${stringAt(first, 'evidence')}`;
  return { name, status: 'fail', detail, ...fixOf(first, id) };
}

function fixOf(probe: unknown, id: string): { fix?: string } {
  if (probe === undefined) return {};
  return { fix: stringAt(probe, 'fix') ?? `cc-orchestrator test-profile ${id}` };
}

function summary(probes: readonly unknown[]): string {
  return probes
    .map((probe) => `${stringAt(probe, 'name')} ${stringAt(probe, 'verdict')}`)
    .join(', ');
}

function context(host: Host, signal: AbortSignal): ToolContext {
  return {
    host,
    place: async (cwd) => resolvePlace({ cwd, env: host.env, processCwd: process.cwd() }),
    client: { name: 'cli', threadId: undefined, isShell: true, waitSeconds: 60 },
    signal,
    progress: () => undefined,
  };
}

function render(checks: readonly Check[], options: Options, program?: string): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, fix }) => [
    `${status.padEnd(4)}  ${name.padEnd(width)}  ${detail}`,
    ...(fix === undefined ? [] : [`${' '.repeat(width + 8)}-> ${fix}`]),
  ]);
  const bad = checks.filter(({ status }) => !isGood(status, options)).length;
  const count = bad === 1 ? '1 thing is' : `${bad} things are`;
  const verdict = bad === 0 ? 'All is well.' : `${count} to be put right.`;
  const note =
    program !== undefined && checks.some(({ fix }) => fix !== undefined) ? [program] : [];
  return neutralise(`${[...lines, '', verdict, ...note].join('\n')}\n`);
}
