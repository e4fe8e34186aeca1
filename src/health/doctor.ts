import { runCommand } from '../proc/command.ts';
import { clientEnvironment, type FoundClient, findClients } from '../setup/clients.ts';
import { SERVER } from '../setup/names.ts';
import { compareVersions, locateClaude } from '../workers/claude/locate.ts';
import type { Host } from '../workspace/host.ts';
import { readPolicy } from '../workspace/policy.ts';
import type { Place } from '../workspace/resolve.ts';
import { type Check, check, checkHealth, type Finding } from './check.ts';
import { checkClients } from './clients.ts';
import { checkStart } from './server-start.ts';
import { workerAbilities } from './worker-abilities.ts';

/** The version of Codex with which everything was measured. */
const MEASURED_CODEX = '0.169.0';

/**
 * Everything that healthcheck looks at, how the clients are set up, whether the server starts as they
 * would start it, and what the installed command lines can do of what we rely on.
 */
export async function examine(host: Host, place: () => Promise<Place>): Promise<Check[]> {
  const project = await place().then(
    ({ workspace }) => workspace.root,
    () => host.env.HOME ?? '/',
  );
  const clients = (await findClients(host)).filter(({ present }) => present);
  // One after the other and before all else, because it is measured how long they take.
  const starts: Check[] = [];
  for (const client of clients) starts.push(...(await start(host, client)));
  const [health, setUp, abilities] = await Promise.all([
    checkHealth(host, place),
    checkClients(host, project),
    Promise.all([
      check('worker_abilities', () => worker(host)),
      ...clients
        .filter(isCodex)
        .map((client) => check('codex_abilities', () => codex(host, client))),
    ]),
  ]);
  return [...health, ...setUp, ...starts, ...abilities];
}

async function start(host: Host, client: FoundClient): Promise<Check[]> {
  let found: Finding | undefined;
  const result = await check(`${client.client}_start`, async () => {
    found = await checkStart(host, client);
    return found ?? { status: 'pass', detail: '' };
  });
  // An unreadable configuration is told once, by the look at the client itself.
  return found === undefined ? [] : [result];
}

async function worker(host: Host): Promise<Finding> {
  const policy = await readPolicy(host.home).catch(() => undefined);
  const found = locateClaude(host.env, policy?.claude_path);
  if (found === undefined) {
    return {
      status: 'fail',
      detail: 'no Claude Code to look at',
      fix: 'npm install -g @anthropic-ai/claude-code',
    };
  }
  const { abilities, complaint } = await workerAbilities(host, found.path);
  const missing = abilities.filter(({ there }) => !there);
  if (missing.length === 0) {
    return {
      status: 'pass',
      detail: `Claude Code: ${abilities.map(({ name }) => name).join(', ')}`,
    };
  }
  const degraded = missing.map(({ name, without }) => `no ${name}: ${without}`).join('; ');
  return {
    status: missing.some(({ vital }) => vital) ? 'fail' : 'warn',
    detail: `Claude Code: ${degraded}${complaint === undefined ? '' : `. It says: ${complaint}`}`,
    fix: 'npm install -g @anthropic-ai/claude-code@latest',
  };
}

function isCodex({ client }: FoundClient): boolean {
  return client === 'codex';
}

/** Whether Codex reads our entry, and has the commands we use. */
async function codex(host: Host, client: FoundClient): Promise<Finding> {
  const { binary, version } = client;
  if (binary === undefined) {
    return {
      status: 'warn',
      detail: 'Codex: no program found',
      fix: 'npm install -g @openai/codex',
    };
  }
  const ask = (...args: string[]) =>
    runCommand(binary, args, {
      cwd: '/',
      env: clientEnvironment(host.env),
      timeoutMs: 15_000,
    });
  const [entry, queue] = await Promise.all([
    ask('mcp', 'get', SERVER, '--json'),
    ask('queue', '--help'),
  ]);
  const missing = [
    ...(entry.exitCode === 0 || /No MCP server/i.test(entry.stderr)
      ? []
      : [
          `it does not read its configuration: ${entry.stderr.trim().slice(0, 300) || `exit code ${entry.exitCode}`}`,
        ]),
    ...(queue.exitCode === 0 ? [] : ['no `codex queue`: wake_codex cannot wake a thread']),
  ];
  const title = `Codex ${version ?? 'of unknown version'}`;
  if (missing.length > 0) {
    return {
      status: entry.exitCode === 0 ? 'warn' : 'fail',
      detail: `${title}: ${missing.join('; ')}`,
      fix: 'npm install -g @openai/codex@latest',
    };
  }
  const reads = entry.exitCode === 0 ? 'reads our entry, wakes threads' : 'wakes threads';
  if (version !== undefined && compareVersions(version, MEASURED_CODEX) >= 0) {
    return { status: 'pass', detail: `${title}: ${reads}` };
  }
  return {
    status: 'warn',
    detail: `${title}: ${reads}; older than ${MEASURED_CODEX}, with which this was tested`,
    fix: 'npm install -g @openai/codex@latest',
  };
}
