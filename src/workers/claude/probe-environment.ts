import { RUN_COOKIE, workerVariables } from './environment.ts';

/** The variable by which all processes of one test conversation are found. It is no run's. */
export const PROBE_COOKIE = 'CC_PROBE_COOKIE';

/** A window that no prompt of a test fills: it is the service that is tested, not what the profile says. */
const NO_WINDOW = '2000000';

/** The least the CLI accepts (claude-code-cli.md §3). */
const LEAST_IDLE_MS = 10_000;

/** Variables of a test conversation; they beat what the profile says about the same things. */
export function probeVariables(options: {
  cookie: string;
  tmpDir: string;
  configDir: string | undefined;
  /** How long one request may go without an answer, in ms. */
  patienceMs: number;
  maxOutputTokens: number;
  /** Exactly one request: no retry, and no second one without streaming. */
  single: boolean;
}): Record<string, string> {
  const { tmpDir, configDir, patienceMs } = options;
  const { [RUN_COOKIE]: _, ...variables } = workerVariables({ runId: '', tmpDir, configDir });
  return {
    ...variables,
    [PROBE_COOKIE]: options.cookie,
    API_TIMEOUT_MS: String(Math.round(patienceMs)),
    CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: String(Math.round(Math.max(LEAST_IDLE_MS, patienceMs))),
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(options.maxOutputTokens),
    CLAUDE_CODE_MAX_RETRIES: options.single ? '0' : '1',
    ...(options.single ? { CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1' } : {}),
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: NO_WINDOW,
    CLAUDE_CODE_AUTO_COMPACT_WINDOW: NO_WINDOW,
  };
}
