import { isolatedSettings } from './arguments.ts';

/** How one short test conversation is started; everything in it may be shown. */
export type ProbeLaunch = {
  model: string;
  systemPrompt: string;
  /** Built-in tools it gets beside StructuredOutput. */
  tools: readonly string[];
  /** JSON schema of its answer. */
  schema: object;
  /** How long the model should think; services that do not know it ignore it. */
  effort: 'low' | 'high';
  maxTurns: number;
  officialLogin: boolean;
};

/**
 * The command line of a test: as isolated as a run, but lean. A system prompt of one line and one tool
 * make a request of 4 kB, where a run's has about 20 kB (measured with 2.1.329). Partial messages are
 * on, because only they show whether the service streams. The prompt goes in through stdin.
 */
export function probeArguments(launch: ProbeLaunch): string[] {
  return [
    '-p',
    '--output-format',
    'stream-json',
    '--verbose',
    '--include-partial-messages',
    '--no-session-persistence',
    '--setting-sources',
    '',
    '--strict-mcp-config',
    '--settings',
    JSON.stringify(isolatedSettings(launch)),
    '--tools',
    launch.tools.join(','),
    '--permission-mode',
    'dontAsk',
    '--disable-slash-commands',
    '--system-prompt',
    launch.systemPrompt,
    '--json-schema',
    JSON.stringify(launch.schema),
    '--effort',
    launch.effort,
    '--max-turns',
    String(launch.maxTurns),
    '--model',
    launch.model,
  ];
}
