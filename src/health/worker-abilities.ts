import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBase32 } from '../core/ids.ts';
import { isObject, type JsonObject, objectAt, parseJson, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { startLoopbackModel } from '../loopback/index.ts';
import { type CommandResult, runCommand } from '../proc/command.ts';
import { allowedEnvironment } from '../proc/env.ts';
import { withWallGuard } from '../proc/wall-guard.ts';
import { claudeArguments } from '../workers/claude/arguments.ts';
import { getUsage, initialize, userMessage } from '../workers/claude/control.ts';
import { RUN_COOKIE, workerVariables } from '../workers/claude/environment.ts';
import { inProbePlace } from '../workers/claude/probe-place.ts';
import type { Host } from '../workspace/host.ts';

/** Something we rely on in the worker CLI, and what does not work where it is missing. */
export type Ability = { name: string; there: boolean; without: string; vital?: true };

const PREFIX = 'cc-ability-';
const WALL_MS = 20_000;
const GUARD_MARGIN_SECONDS = 5;
const ABANDONED_MS = 10 * 60_000;
const ANSWER = 'ability-probe';

/**
 * What the installed Claude Code can do of what we rely on: started with the arguments of a run, against
 * a model embedded in this process, for one answer. No network, no account, about a second.
 */
export async function workerAbilities(
  host: Host,
  path: string,
): Promise<{ abilities: Ability[]; complaint?: string }> {
  const token = randomBase32(24);
  const model = await startLoopbackModel({
    scripts: [{ name: 'probe', steps: [{ text: ANSWER }] }],
    requireToken: token,
  });
  try {
    const connection = { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_AUTH_TOKEN: token };
    const place = { tmp: host.env.TMPDIR, prefix: PREFIX, abandonedMs: ABANDONED_MS };
    return judge(await inProbePlace(place, (probe) => talk(host, path, { ...probe, connection })));
  } finally {
    await model.close();
  }
}

async function talk(
  host: Host,
  path: string,
  place: {
    root: string;
    cookie: { name: string; value: string };
    connection: Record<string, string>;
  },
): Promise<CommandResult> {
  const { root, cookie, connection } = place;
  const at = (name: string) => join(root, name);
  for (const name of ['w', 'c', 't']) await mkdir(at(name), { mode: 0o700 });
  await writeFile(at('system.md'), 'Answer.');
  const args = claudeArguments({
    sessionId: randomUUID(),
    resume: false,
    model: 'ability-model',
    allowWrite: false,
    mayAsk: true,
    maxTurns: 3,
    maxUsd: 1,
    systemPromptFile: at('system.md'),
    readableDirs: [root],
    officialLogin: false,
  });
  const guarded = withWallGuard(
    { file: path, args },
    WALL_MS / 1000 + GUARD_MARGIN_SECONDS,
    cookie,
  );
  const lines = [
    initialize('init', WALL_MS / 1000),
    userMessage(randomUUID(), ['Go.']),
    getUsage('usage'),
  ];
  const variables = workerVariables({ runId: '', tmpDir: at('t'), configDir: at('c') });
  // It is no run, so it must not be found as one.
  const { [RUN_COOKIE]: _, ...ours } = variables;
  return runCommand(guarded.file, guarded.args, {
    cwd: at('w'),
    env: {
      ...allowedEnvironment(host.env),
      ...ours,
      [cookie.name]: cookie.value,
      ...connection,
      NO_PROXY: '127.0.0.1,localhost',
      HOME: at('c'),
    },
    timeoutMs: WALL_MS,
    input: `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`,
  });
}

function judge(result: CommandResult): { abilities: Ability[]; complaint?: string } {
  const lines = result.stdout.split('\n').flatMap((line) => {
    const value = parseJson(line);
    return isObject(value) ? [value] : [];
  });
  const complaint = oneLine(result.stderr, 300);
  const abilities = abilitiesIn(lines);
  return abilities.every(({ there }) => there) || complaint === ''
    ? { abilities }
    : { abilities, complaint };
}

function abilitiesIn(lines: readonly JsonObject[]): Ability[] {
  const of = (type: string, subtype?: string) =>
    lines.find((line) => line.type === type && (subtype === undefined || line.subtype === subtype));
  const answerTo = (id: string) =>
    lines.flatMap((line) => {
      const response = objectAt(line, 'response');
      return line.type === 'control_response' && response?.request_id === id ? [response] : [];
    })[0];
  const init = of('system', 'init');
  const result = of('result');
  const hooks = objectAt(answerTo('init'), 'response');
  const has = (object: JsonObject | undefined, ...keys: string[]) =>
    object !== undefined && keys.every((key) => key in object);
  return [
    {
      name: 'arguments of a run',
      there: init !== undefined,
      without: 'no run can start',
      vital: true,
    },
    {
      name: 'system/init fields',
      there: has(init, 'session_id', 'tools', 'model', 'claude_code_version'),
      without: 'session and tools of a run are not known',
    },
    {
      name: 'hooks that block on failure',
      there: hooks?.hooks_applied === true && hooks.hook_on_failure_supported === true,
      without: 'no write run is safe',
      vital: true,
    },
    {
      name: 'get_usage',
      there: stringAt(answerTo('usage'), 'subtype') === 'success',
      without: 'a killed run does not tell what it used',
    },
    {
      name: 'message states',
      there: of('command_lifecycle') !== undefined,
      without: 'instructions to a running worker cannot be confirmed',
    },
    {
      name: 'result fields',
      there: has(result, 'is_error', 'terminal_reason', 'num_turns', 'result_index'),
      without: 'why a run ended is guessed from its exit code',
    },
    {
      name: 'usage by model',
      there: has(result, 'modelUsage', 'model_usage_since_last_result', 'total_cost_usd'),
      without: 'tokens and cost are unknown',
    },
    {
      name: 'the answer',
      there: stringAt(result, 'result') === ANSWER,
      without: 'a run ends without its answer',
      vital: true,
    },
  ];
}
