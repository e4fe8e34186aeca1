import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from '../core/json.ts';
import { readProfilesFile } from '../profiles/file/read.ts';
import { templateOf } from './installation.ts';
import { SERVER } from './names.ts';
import type { Setting } from './plan.ts';
import { parseToml, serverOf } from './toml.ts';

/** Codex waits this long for a server to start; on a busy machine its 30 s are not much. */
const STARTUP_TIMEOUT_SEC = 60;

/** Variables of the user by which profiles and places are found. Names only; no value is written. */
const OURS = /^CC_(?:PROFILE_\w+|CLAUDE_PATH|ORCHESTRATOR_HOME|SWITCH_HOME|TOOLSETS)$/;

/**
 * The server's entry for Codex, from the template that also the documents show. The approvals in it are
 * the user's to give.
 */
export async function codexEntry(
  { host, installation }: Setting,
  { approve, before }: { approve: boolean; before: JsonObject | undefined },
): Promise<JsonObject> {
  const template = serverOf(parseToml(await templateOf(installation), 'template'), SERVER);
  const names = [
    ...strings(arrayAt(template, 'env_vars')),
    // A variable that is not set today is still wanted.
    ...strings(arrayAt(before, 'env_vars')),
    ...Object.keys(host.env)
      .filter((name) => OURS.test(name))
      .sort(),
    ...(await variablesOfProfiles(host.home.profiles)),
  ];
  return {
    ...installation.server,
    env_vars: [...new Set(names)],
    startup_timeout_sec: STARTUP_TIMEOUT_SEC,
    tool_timeout_sec: template?.tool_timeout_sec,
    ...(approve ? { tools: objectAt(template, 'tools') ?? {} } : {}),
  };
}

async function variablesOfProfiles(path: string): Promise<string[]> {
  const { entries } = await readProfilesFile(path);
  return entries.flatMap(([, profile]) => {
    const token = stringAt(profile, 'token_env');
    const others = strings(arrayAt(profile, 'token_command_env'));
    return token === undefined ? others : [token, ...others];
  });
}

export function isApproved(entry: unknown): boolean {
  return isObject(entry) && objectAt(entry, 'tools') !== undefined;
}

function strings(items: readonly unknown[]): string[] {
  return items.filter((item) => typeof item === 'string');
}
