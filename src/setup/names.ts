/** Name of the server in every client; tools are called `mcp__cc-orchestrator__…` after it. */
export const SERVER = 'cc-orchestrator';

/** Above what we write into a file of the user. */
export const OWN_COMMENT =
  'cc-orchestrator: written by `cc-orchestrator setup`, removed by `cc-orchestrator uninstall`.';

export const CLIENTS = ['codex', 'claude'] as const;
export type Client = (typeof CLIENTS)[number];

export const SCOPES = ['user', 'project'] as const;
export type Scope = (typeof SCOPES)[number];

export const CLIENT_TITLES: Readonly<Record<Client, string>> = {
  codex: 'Codex',
  claude: 'Claude Code',
};

/** How long Codex waits for slow servers before its first request, in ms; 1000 by default (codex-cli.md A2). */
export const GRACE_KEY = 'mcp_optional_startup_grace_ms';
