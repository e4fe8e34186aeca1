import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { arrayAt, type JsonObject, numberAt, objectAt, parseJson } from '../core/json.ts';
import type { FoundClient } from './clients.ts';
import { parseJsonFile } from './json-text.ts';
import { GRACE_KEY, SERVER } from './names.ts';
import { readTarget } from './target.ts';
import { parseToml, serverOf } from './toml.ts';

/** What a client's user configuration says of our server. */
export type Configured = {
  /** The entry, whoever wrote it. */
  entry: JsonObject | undefined;
  /** Server and skill come with a plugin of this client. */
  plugin: boolean;
  /** How long Codex waits for servers that are not ready, where the user has set it. */
  graceMs?: number | undefined;
};

/** Reads a client's user configuration; throws what is wrong with the file. */
export async function configuredIn(client: FoundClient): Promise<Configured> {
  const { text, path, bytes } = await readTarget(client.config);
  if (client.client === 'codex') {
    const document = parseToml(text, path);
    return {
      entry: serverOf(document, SERVER),
      plugin: isEnabled(objectAt(document, 'plugins')),
      graceMs: numberAt(document, GRACE_KEY),
    };
  }
  const settings = await readFile(join(client.home, 'settings.json'), 'utf8').catch(() => '');
  const document = bytes === undefined ? {} : parseJsonFile(text, path);
  return {
    entry: objectAt(objectAt(document, 'mcpServers'), SERVER),
    plugin: isEnabled(objectAt(parseJson(settings), 'enabledPlugins')),
  };
}

/** Our entry in one file of a client, whoever wrote it; throws what is wrong with the file. */
export async function entryIn(
  { client }: FoundClient,
  path: string,
): Promise<JsonObject | undefined> {
  const { text, bytes } = await readTarget(path);
  if (bytes === undefined) return undefined;
  if (client === 'codex') return serverOf(parseToml(text, path), SERVER);
  return objectAt(objectAt(parseJsonFile(text, path), 'mcpServers'), SERVER);
}

/** `"cc-orchestrator@<marketplace>": true` (Claude Code), `[plugins."…"] enabled = true` (Codex). */
function isEnabled(plugins: JsonObject | undefined): boolean {
  return Object.entries(plugins ?? {}).some(
    ([id, value]) =>
      id.startsWith(`${SERVER}@`) &&
      (value === true || objectAt({ value }, 'value')?.enabled !== false) &&
      value !== false,
  );
}

/** Absolute paths in an entry that lead to nothing, after an upgrade or a move. */
export function missingPaths(entry: JsonObject): string[] {
  return [entry.command, ...arrayAt(entry, 'args')].filter(
    (item): item is string => typeof item === 'string' && isAbsolute(item) && !existsSync(item),
  );
}
