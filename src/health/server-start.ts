import { isObject, objectAt, parseJson, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { runCommand } from '../proc/command.ts';
import { allowedEnvironment } from '../proc/env.ts';
import type { FoundClient } from '../setup/clients.ts';
import { CLIENT_TITLES } from '../setup/names.ts';
import type { Host } from '../workspace/host.ts';
import type { Finding } from './check.ts';
import { startOf } from './clients.ts';

const START_MS = 20_000;
/** Codex sends its first request after this time, without the tools of a slower server. */
const GRACE_MS = 1000;

const REQUESTS = [
  {
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'cc-orchestrator-doctor', version: '1' },
    },
  },
  { method: 'notifications/initialized' },
  { id: 2, method: 'tools/list' },
];

/** Starts the server as a client's entry says, and lets it list its tools. */
export async function checkStart(host: Host, client: FoundClient): Promise<Finding | undefined> {
  const start = await startOf(client);
  if (start === undefined) return undefined;
  const title = CLIENT_TITLES[client.client];
  let firstMs: number | undefined;
  const began = host.clock.monotonic();
  const result = await runCommand(start.file, start.args, {
    cwd: host.env.HOME ?? '/',
    env: allowedEnvironment(host.env, start.passes),
    timeoutMs: START_MS,
    maxBytes: 4 << 20,
    input: REQUESTS.map((request) => `${JSON.stringify({ jsonrpc: '2.0', ...request })}\n`).join(
      '',
    ),
    onStdout: () => {
      firstMs ??= Math.round(host.clock.monotonic() - began);
    },
  });
  const answers = result.stdout.split('\n').map((line) => objectAt(parseJson(line), 'result'));
  const name = answers.map((answer) => stringAt(objectAt(answer, 'serverInfo'), 'version'));
  const tools = answers
    .map((answer) => answer?.tools)
    .find(Array.isArray)
    ?.filter(isObject);
  const version = name.find((item) => item !== undefined);
  if (version === undefined || tools === undefined) {
    return {
      status: 'fail',
      detail: `${title}: its server does not answer: ${oneLine(result.stderr, 300) || `exit code ${result.exitCode}`}`,
      fix: `${start.file} ${start.args.join(' ')} < /dev/null  (says why)`,
    };
  }
  const detail = `${title}: server ${version}, ${tools.length} tools, ready after ${firstMs} ms`;
  const grace = start.graceMs ?? GRACE_MS;
  // 0 is: until it is ready.
  if (client.client !== 'codex' || grace === 0 || (firstMs ?? 0) < grace) {
    return { status: 'pass', detail };
  }
  return {
    status: 'warn',
    detail: `${detail}; Codex waits ${grace} ms before its first request`,
    fix: 'cc-orchestrator setup --client codex --startup-grace',
  };
}
