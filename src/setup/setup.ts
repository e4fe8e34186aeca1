import { sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import type { Host } from '../workspace/host.ts';
import { applyParts } from './apply.ts';
import { newBackups } from './backup.ts';
import { planClaudeConfig } from './claude-config.ts';
import { type FoundClient, findClients } from './clients.ts';
import { planCodexConfig } from './codex-config.ts';
import { configuredIn } from './inspect.ts';
import { installationOf } from './installation.ts';
import { CLIENT_TITLES, CLIENTS, type Client } from './names.ts';
import type { Note, Part, Setting, SetupOptions } from './plan.ts';
import { type Owned, readReceipt } from './receipt.ts';
import { removalOf } from './removal.ts';
import { restoreWhole } from './restore.ts';
import { planSkill } from './skill.ts';
import { planUnrecorded } from './unrecorded.ts';

/** What is to be done, wholly worked out; nothing has been written yet. */
export type SetupPlan = {
  parts: Part[];
  notes: Note[];
  clients: FoundClient[];
  settings: Setting[];
  backups: string;
};

/** Works out everything before anything is written: one refusal, and nothing is touched. */
export async function planSetup(
  host: Host,
  project: string,
  options: SetupOptions,
): Promise<SetupPlan> {
  const { clients, settings, backups } = await settingsOf(host, project, options);
  const notes = placeNotes(settings);
  const parts: Part[] = [];
  for (const setting of settings) {
    if (await hasPlugin(setting)) {
      notes.push({
        level: 'info',
        client: setting.client.client,
        text: `${CLIENT_TITLES[setting.client.client]} has server and skill from its plugin; nothing to set up.`,
      });
      continue;
    }
    const { client } = setting.client;
    parts.push(await (client === 'codex' ? planCodexConfig(setting) : planClaudeConfig(setting)));
    parts.push(await planSkill(setting));
  }
  const told = [...notes, ...parts.flatMap((part) => part.notes)];
  return { parts, notes: told, clients, settings, backups };
}

/** Works out how to take away what setup has written, for these clients, wherever it is. */
export async function planUninstall(
  host: Host,
  project: string,
  options: SetupOptions,
): Promise<SetupPlan> {
  const { clients, settings, backups } = await settingsOf(host, project, options, { absent: true });
  const parts: Part[] = [];
  const notes: Note[] = [];
  for (const setting of settings) {
    for (const owned of setting.owned) {
      if (owned.client !== setting.client.client || !inScope(setting, owned)) continue;
      const whole = await restoreWhole(owned);
      parts.push(whole ?? (await removalOf(setting, owned)));
      if (whole === undefined && owned.replaced) notes.push(notRestored(owned));
    }
    parts.push(...(await planUnrecorded(setting)));
  }
  const told = [...notes, ...parts.flatMap((part) => part.notes)];
  return { parts, notes: told, clients, settings, backups };
}

export function applyPlan(
  host: Host,
  { parts, backups }: SetupPlan,
): Promise<{ backedUp: number }> {
  return applyParts(host, parts, backups);
}

function notRestored({ client, path, backup }: Owned): Note {
  return {
    level: 'warn',
    client,
    text: `${path}: an entry of yours stood there before setup --replace. The file has changed since, so it cannot be put back; it is in ${backup}.`,
  };
}

/** `--scope project` takes only that project's away; otherwise everything goes. */
function inScope({ scope, project }: Setting, { path }: Owned): boolean {
  return scope === 'user' || path.startsWith(project + sep);
}

/** What plans are made from, one per client; with `absent` also of clients that are not used here. */
export async function settingsOf(
  host: Host,
  project: string,
  options: SetupOptions,
  { absent = false } = {},
): Promise<{ clients: FoundClient[]; settings: Setting[]; backups: string }> {
  const installation = installationOf(host);
  const owned = await readReceipt(host.home);
  const backups = newBackups(host);
  const clients = await findClients(host);
  const wanted: readonly Client[] = options.clients === 'all' ? CLIENTS : options.clients;
  const chosen = clients.filter(
    ({ client, present }) =>
      wanted.includes(client) && (present || absent || options.clients !== 'all'),
  );
  if (chosen.length === 0) {
    throw new CcError('NOT_FOUND', 'Neither Codex nor Claude Code is found for this user.', {
      hint: 'Install one (npm install -g @openai/codex, npm install -g @anthropic-ai/claude-code), or name it: --client codex.',
    });
  }
  const { scope } = options;
  const settings = chosen.map((client) => ({
    host,
    installation,
    client,
    scope,
    project,
    owned,
    options,
    backups,
  }));
  return { clients, settings, backups };
}

/** With both, the client would list server and skill twice. */
async function hasPlugin({ client, scope }: Setting): Promise<boolean> {
  if (scope === 'project') return false;
  const { entry, plugin } = await configuredIn(client);
  return plugin && entry === undefined;
}

function placeNotes(settings: readonly Setting[]): Note[] {
  const [first] = settings;
  if (first === undefined || !['npx', 'plugin'].includes(first.installation.kind)) return [];
  return [
    {
      level: 'warn',
      client: first.client.client,
      text: `This cc-orchestrator lies in a cache (${first.installation.root}) that its next update removes.`,
      fix: 'npm install -g cc-orchestrator && cc-orchestrator setup',
    },
  ];
}
