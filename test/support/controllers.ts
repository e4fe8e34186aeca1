import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, REPOSITORY, TOKEN } from './lab.ts';
import { PATIENCE_MS } from './patience.ts';

export const BIN = join(REPOSITORY, 'dist/cc-orchestrator.js');
const CODEX = join(REPOSITORY, 'node_modules/.bin/codex');

export type Finished = { exitCode: number | null; stdout: string; stderr: string };

/** Runs a program to its end with a clean environment; its group is ended if the time is up. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; timeoutMs?: number },
): Promise<Finished> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => endGroup(child), options.timeoutMs ?? 2 * PATIENCE_MS);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

function endGroup(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return () => text;
}

/** Our own variables that a controller has to hand to the server by name. */
const FORWARDED = [
  'CC_CLAUDE_PATH',
  'CC_PROFILE_LAB_BASE_URL',
  'CC_PROFILE_LAB_AUTH_TOKEN',
  'CC_PROFILE_LAB_MODEL',
  'CC_PROFILE_LAB_PRICE_INPUT',
  'CC_PROFILE_LAB_PRICE_OUTPUT',
  'CODEX_HOME',
];

/** What starts workers or stops them needs an approval of the user in Codex. */
const APPROVED = [
  'cc_run_streaming_agent',
  'cc_run_agent',
  'cc_send_instruction',
  'cc_stop_run',
  'cc_workflow_run',
];

/** `codex exec` with our server configured as the README says. `slug` decides its tool regime. */
export async function codexExec(
  lab: Lab,
  prompt: string,
  options: { slug?: string; approve?: boolean } = {},
): Promise<Finished> {
  const codexHome = join(lab.dir, 'codex');
  mkdirSync(codexHome, { recursive: true });
  const approvals = APPROVED.map(
    (tool) => `[mcp_servers.cc-orchestrator.tools.${tool}]\napproval_mode = "approve"\n`,
  ).join('\n');
  writeFileSync(
    join(codexHome, 'config.toml'),
    `${loopbackProvider(lab, options.slug)}stream_max_retries = 1

[mcp_servers.cc-orchestrator]
command = "${process.execPath}"
args = ["${BIN}", "mcp"]
env_vars = ${JSON.stringify(FORWARDED)}
tool_timeout_sec = 300

${options.approve === false ? '' : approvals}`,
  );
  return codex(lab, ['exec', '--json', '--skip-git-repo-check', prompt]);
}

/** Codex's configuration for the model of the lab; its key is the variable `LOOP_KEY`. More keys of it may follow. */
export function loopbackProvider({ model }: Lab, slug = 'loopback'): string {
  return `model = "${slug}"
model_provider = "loop"
mcp_optional_startup_grace_ms = 5000

[model_providers.loop]
name = "loop"
base_url = "${model.url}/v1"
wire_api = "responses"
env_key = "LOOP_KEY"
request_max_retries = 0
`;
}

/** Codex in the project of the lab, with the home that `codexExec` has made. */
export function codex(lab: Lab, args: readonly string[]): Promise<Finished> {
  return runProgram(CODEX, args, {
    cwd: lab.project,
    env: { ...lab.env, CODEX_HOME: join(lab.dir, 'codex'), LOOP_KEY: TOKEN },
  });
}

/** `claude -p` as a controller, with our server in its MCP configuration. */
export async function claudeController(
  lab: Lab,
  prompt: string,
  claude: string,
): Promise<Finished> {
  const config = JSON.stringify({
    mcpServers: { cc: { type: 'stdio', command: process.execPath, args: [BIN, 'mcp'] } },
  });
  return runProgram(
    claude,
    [
      '-p',
      prompt,
      '--mcp-config',
      config,
      '--strict-mcp-config',
      '--allowedTools',
      'mcp__cc',
      '--output-format',
      'json',
    ],
    {
      cwd: lab.project,
      env: claudeEnvironment(lab),
    },
  );
}

/** Of a Claude Code that is the controller, with the loopback model. */
export function claudeEnvironment(lab: Lab): Record<string, string> {
  return {
    ...lab.env,
    ANTHROPIC_BASE_URL: lab.model.url,
    ANTHROPIC_AUTH_TOKEN: TOKEN,
    ANTHROPIC_MODEL: 'controller-model',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
  };
}
