/** What decides how Claude Code is started; everything in it may be shown. */
export type LaunchFacts = {
  /** A new session of this id, or (`resume`) the earlier one that goes on. */
  sessionId: string;
  resume: boolean;
  model: string | undefined;
  allowWrite: boolean;
  /** The only tools it may have, where the policy says so. */
  tools?: readonly string[] | undefined;
  /** The worker may put questions to the controller. */
  mayAsk: boolean;
  maxTurns: number;
  /** Only where the CLI's own price is the real one; it stops by that price. */
  maxUsd: number | undefined;
  /** JSON Schema of the answer (claude-code-cli.md §7). */
  outputSchema?: object | undefined;
  systemPromptFile: string;
  /** Directories it may read beside its own: the rest of the repository. */
  readableDirs: readonly string[];
  /** The user's own login: its settings must not redirect it, and only blanking can prevent that. */
  officialLogin: boolean;
};

/**
 * Built-in tools of a worker. Without a shell, a read-only worker can change nothing at all. Its own
 * list of what there is to do tells a controller what remains.
 */
const READ_TOOLS = ['Read', 'Grep', 'Glob', 'TodoWrite'] as const;
const WRITE_TOOLS = [...READ_TOOLS, 'Edit', 'Write', 'NotebookEdit', 'Bash'] as const;

export function toolsFor(allowWrite: boolean): readonly string[] {
  return allowWrite ? WRITE_TOOLS : READ_TOOLS;
}

/** Turns that the CLI allows beyond our own count, which ends a run in order; its own is a backstop. */
const TURN_MARGIN = 2;

/** Provider variables that a settings file could set; blank in `--settings` beats them all (cc-switch.md §6). */
export const PROVIDER_VARIABLES = [
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'ANTHROPIC_DEFAULT_SONNET_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL',
  'ANTHROPIC_DEFAULT_FABLE_MODEL',
  'ANTHROPIC_CUSTOM_HEADERS',
  'CLAUDE_CODE_SUBAGENT_MODEL',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
] as const;

/** Never editable by a worker, whatever its scope: our own records, git's, and what starts programs. */
const PROTECTED = ['.git/**', '.agent-workspace/**', '.claude/**', '.mcp.json'] as const;

/**
 * The command line (claude-code-cli.md §0, measured with 2.1.329). It holds no secret and no task:
 * the task goes in through stdin. `dontAsk` refuses whatever our hook does not expressly allow.
 */
export function claudeArguments(facts: LaunchFacts): string[] {
  return [
    '-p',
    '--input-format',
    'stream-json',
    '--output-format',
    'stream-json',
    '--verbose',
    facts.resume ? '--resume' : '--session-id',
    facts.sessionId,
    '--setting-sources',
    '',
    '--strict-mcp-config',
    '--settings',
    JSON.stringify(isolatedSettings(facts)),
    '--tools',
    [
      ...(facts.tools ?? toolsFor(facts.allowWrite)),
      ...(facts.mayAsk ? ['AskUserQuestion'] : []),
    ].join(','),
    '--permission-mode',
    'dontAsk',
    // Without somebody to ask, the CLI has no such tool.
    ...(facts.mayAsk ? ['--permission-prompt-tool', 'stdio'] : []),
    '--disable-slash-commands',
    '--max-turns',
    String(facts.maxTurns + TURN_MARGIN),
    ...(facts.maxUsd === undefined ? [] : ['--max-budget-usd', String(facts.maxUsd)]),
    ...(facts.outputSchema === undefined
      ? []
      : ['--json-schema', JSON.stringify(facts.outputSchema)]),
    ...(facts.model === undefined ? [] : ['--model', facts.model]),
    '--append-system-prompt-file',
    facts.systemPromptFile,
    ...facts.readableDirs.flatMap((directory) => ['--add-dir', directory]),
  ];
}

/** What `--settings` must say so that no setting of the user reaches the worker's connection. */
export function isolatedSettings(facts: Pick<LaunchFacts, 'officialLogin'>): object {
  const blank = facts.officialLogin ? PROVIDER_VARIABLES : (['ANTHROPIC_CUSTOM_HEADERS'] as const);
  return {
    // Older versions honour a helper or headers of the user's settings beside our token.
    apiKeyHelper: '',
    env: Object.fromEntries(blank.map((name) => [name, ''])),
    permissions: { deny: PROTECTED.map((glob) => `Edit(${glob})`) },
  };
}
