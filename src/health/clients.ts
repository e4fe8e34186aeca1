import { lstat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import { arrayAt, numberAt } from '../core/json.ts';
import { type FoundClient, findClients } from '../setup/clients.ts';
import { isApproved } from '../setup/codex-entry.ts';
import { type Configured, configuredIn, missingPaths } from '../setup/inspect.ts';
import { CLIENT_TITLES, SERVER } from '../setup/names.ts';
import { type Owned, readReceipt } from '../setup/receipt.ts';
import { planSetup } from '../setup/setup.ts';
import type { Host } from '../workspace/host.ts';
import { type Check, check, type Finding } from './check.ts';

/** The longest wait of a tool, which a client must not cut off. */
const LONGEST_WAIT_S = 240;

/** How Codex and Claude Code are set up for us. Starts nothing but `--version`; changes nothing. */
export async function checkClients(host: Host, project: string): Promise<Check[]> {
  const clients = (await findClients(host)).filter(({ present }) => present);
  if (clients.length === 0) {
    return [
      {
        name: 'clients',
        status: 'warn',
        detail: 'neither Codex nor Claude Code is found for this user',
        fix: 'npm install -g @openai/codex  (or @anthropic-ai/claude-code), then: cc-orchestrator setup',
      },
    ];
  }
  const configured = await Promise.all(
    clients.map((client) => configuredIn(client).catch(() => undefined)),
  );
  const anySetUp = configured.some((item) => item?.entry !== undefined || item?.plugin === true);
  const checks = clients.map((client) =>
    check(`${client.client}_client`, async () =>
      judge(host, project, client, await configuredIn(client), anySetUp),
    ),
  );
  return Promise.all(checks);
}

async function judge(
  host: Host,
  project: string,
  client: FoundClient,
  { entry, plugin }: Configured,
  anySetUp: boolean,
): Promise<Finding> {
  const title = `${CLIENT_TITLES[client.client]}${client.version === undefined ? '' : ` ${client.version}`}`;
  const command = `cc-orchestrator setup --client ${client.client}`;
  if (entry === undefined && plugin) return { status: 'pass', detail: `${title}: by its plugin` };
  if (entry === undefined) {
    const owned = await readReceipt(host.home);
    const here = (item: Owned) =>
      item.client === client.client && item.path.startsWith(project + sep);
    if (owned.some(here)) return { status: 'pass', detail: `${title}: for this project only` };
    if (!anySetUp) return { status: 'warn', detail: `${title}: not set up`, fix: command };
    // Whoever works with one client need not want it in the other: nothing to put right.
    return { status: 'pass', detail: `${title}: not set up; if you want it there: ${command}` };
  }
  const missing = missingPaths(entry);
  if (missing.length > 0) {
    return {
      status: 'fail',
      detail: `${title}: its entry in ${client.config} names what is not there: ${missing.join(', ')}`,
      fix: `${command} --replace`,
    };
  }
  if (entry.enabled === false) {
    return {
      status: 'fail',
      detail: `${title}: [mcp_servers.${SERVER}] has enabled = false`,
      fix: `${command} --replace`,
    };
  }
  const timeout = numberAt(entry, 'tool_timeout_sec');
  if (timeout !== undefined && timeout < LONGEST_WAIT_S) {
    return {
      status: 'warn',
      detail: `${title}: tool_timeout_sec = ${timeout} cuts waits short, which may take ${LONGEST_WAIT_S} s`,
      fix: `${command} --replace`,
    };
  }
  return pending(host, project, client, title, approvals(client, entry));
}

/** What setup would do now: nothing, an upgrade, or nothing because the user has changed something. */
async function pending(
  host: Host,
  project: string,
  client: FoundClient,
  title: string,
  more: string,
): Promise<Finding> {
  const options = { clients: [client.client], scope: 'user', replace: false } as const;
  const plan = await planSetup(host, project, options);
  const changes = plan.parts.flatMap((part) => part.changes);
  const command = `cc-orchestrator setup --client ${client.client}`;
  if (changes.length > 0) {
    const skill = changes.every(({ path }) => path.startsWith(join(client.skills, SERVER)));
    const isFirst = skill && !(await exists(join(client.skills, SERVER)));
    const what = isFirst
      ? 'the skill is missing'
      : `${skill ? 'skill' : 'entry'} of another version`;
    return { status: 'warn', detail: `${title}: ${what}`, fix: command };
  }
  const kept = plan.notes.filter(({ level }) => level === 'kept');
  const yours = kept.length === 0 ? '' : `; ${kept.length} changed by you and kept`;
  return { status: 'pass', detail: `${title}: server and skill${yours}${more}` };
}

function approvals({ client }: FoundClient, entry: Configured['entry']): string {
  if (client !== 'codex') return '';
  const all = entry?.default_tools_approval_mode === 'approve';
  if (all || isApproved(entry)) return '';
  return '; it asks before each start or stop of a worker, and codex exec refuses (cc-orchestrator setup --approve)';
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** How a client would start the server, by its own entry; undefined where it has none. */
export async function startOf(
  client: FoundClient,
): Promise<
  { file: string; args: string[]; passes: string[]; graceMs: number | undefined } | undefined
> {
  const { entry, graceMs } = await configuredIn(client);
  if (entry === undefined || typeof entry.command !== 'string') return undefined;
  const texts = (key: string) => arrayAt(entry, key).filter((item) => typeof item === 'string');
  return { file: entry.command, args: texts('args'), passes: texts('env_vars'), graceMs };
}
