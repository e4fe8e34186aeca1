import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CcError } from '../core/errors.ts';
import { entryIn } from './inspect.ts';
import { GRACE_KEY, OWN_COMMENT, SERVER } from './names.ts';
import { type Note, ownedAt, type Part, type Setting } from './plan.ts';
import { quoted } from './quote.ts';
import { removalOfUnrecorded, unrecordedPath } from './removal.ts';
import { skillPath } from './skill.ts';
import { readTarget } from './target.ts';

/**
 * What stands in the user's own configuration although there is no record of it, as where the home of
 * cc-orchestrator was removed first: taken away where it is known to be ours, otherwise named.
 */
export async function planUnrecorded(setting: Setting): Promise<Part[]> {
  if (setting.scope !== 'user') return [];
  const { client } = setting.client;
  const path = skillPath(setting);
  const isSkill = ownedAt(setting.owned, client, path) === undefined;
  const skill: Note = {
    level: 'kept',
    client,
    text: `${path}: a skill that setup has no record of; it stays.`,
    fix: `rm -r ${quoted(path)}`,
  };
  const notes = isSkill && existsSync(join(path, 'SKILL.md')) ? [skill] : [];
  const entry = await planEntry(setting).catch((error: unknown) => {
    // What cannot be read is nothing that was put there.
    if (error instanceof CcError) return undefined;
    throw error;
  });
  return [...(entry === undefined ? [] : [entry]), { changes: [], notes }];
}

async function planEntry(setting: Setting): Promise<Part | undefined> {
  const { client, installation } = setting;
  const path = unrecordedPath(setting);
  const value = path === undefined ? undefined : await entryIn(client, path);
  if (path === undefined || value === undefined) return undefined;
  const { text } = await readTarget(path);
  const { command, args } = value;
  const isOurs =
    client.client === 'codex'
      ? text.includes(`# ${OWN_COMMENT}`)
      : isDeepStrictEqual({ command, args }, installation.server);
  if (!isOurs) return { changes: [], notes: [stays(setting, path)] };
  const graceKey = new RegExp(`# ${OWN_COMMENT}\\r?\\n${GRACE_KEY}`).exec(text)?.[0];
  return removalOfUnrecorded(setting, path, graceKey === undefined ? [] : ['', graceKey]);
}

function stays({ client: { client } }: Setting, path: string): Note {
  const text = `${path}: an entry ${SERVER} that setup has no record of; it stays.`;
  if (client === 'codex') {
    return { level: 'kept', client, text: `${text} Remove [mcp_servers.${SERVER}] by hand.` };
  }
  return { level: 'kept', client, text, fix: `claude mcp remove --scope user ${SERVER}` };
}
