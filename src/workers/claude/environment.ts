/** The variable every process of a run carries, by which its tree is found (DESIGN §4 "Worker"). */
export const RUN_COOKIE = 'CC_RUN_COOKIE';

/** After a finished turn a forgotten worker ends by itself (claude-code-cli.md §4c). */
const EXIT_AFTER_STOP_MS = 600_000;

/** Variables that give Claude Code its behaviour as our worker; none of them is secret. */
export function workerVariables(options: {
  runId: string;
  tmpDir: string;
  /** Own configuration directory; undefined for the official login, which must use the user's own. */
  configDir: string | undefined;
  /** How long a call of a tool of ours may take; it is another run. */
  toolTimeoutMs?: number | undefined;
}): Record<string, string> {
  return {
    [RUN_COOKIE]: options.runId,
    CLAUDE_CODE_TMPDIR: options.tmpDir,
    // One result per message: sub-agents in the foreground, no background shells (§0.3).
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    // 1 + 3 attempts instead of 11, which took three minutes even for a wrong key (§3).
    CLAUDE_CODE_MAX_RETRIES: '3',
    CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: '90000',
    CLAUDE_CODE_STARTUP_FAILURE_RESULTS: '1',
    CLAUDE_CODE_EXIT_AFTER_STOP_DELAY: String(EXIT_AFTER_STOP_MS),
    // TodoWrite (0.9 kB of every request) instead of four task tools (8.5 kB), and no reminders in
    // the conversation to use it; measured with 2.1.329.
    CLAUDE_CODE_ENABLE_TASKS: '0',
    CLAUDE_CODE_TODO_REMINDER_MODE: 'off',
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    ...(options.toolTimeoutMs === undefined
      ? {}
      : { MCP_TOOL_TIMEOUT: String(options.toolTimeoutMs) }),
    ...(options.configDir === undefined
      ? {}
      : {
          CLAUDE_CONFIG_DIR: options.configDir,
          // Makes the CLI ignore every provider setting of user, project and ~/.claude.json.
          CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST: '1',
        }),
  };
}
