import type * as z from 'zod';
import type { Host } from '../workspace/host.ts';
import type { Place } from '../workspace/resolve.ts';

/**
 * What a tool does to the world; the MCP annotations derive from it in one place.
 * - `read`: changes nothing a user would notice.
 * - `write`: creates or changes files of ours, never starts anything, never loses anything.
 * - `destructive`: ends or removes something.
 * - `launch`: starts workers or runs commands.
 */
export type ToolKind = 'read' | 'write' | 'destructive' | 'launch';

/** Tools are grouped by area; `--toolsets` chooses areas, and a tool's file lies in its folder. */
export const AREAS = [
  'workspace',
  'profiles',
  'runs',
  'git',
  'ledger',
  'judgement',
  'workflows',
] as const;
export type Area = (typeof AREAS)[number];

/** A form for the person at the client: text fields, or choices. */
export type Form = {
  message: string;
  fields: readonly { name: string; title: string; choices?: readonly string[] }[];
};
export type FormAnswer = Readonly<Record<string, unknown>>;

/** What a handler gets beside its input. */
export type ToolContext = {
  host: Host;
  /** The working directory and workspace of this call; `cwd` is the tool's own argument. */
  place(cwd: string | undefined): Promise<Place>;
  client: {
    /** `codex-mcp-client`, `claude-code`, `cli`, … */
    name: string;
    /** The controller's conversation, where the client tells it. */
    threadId: string | undefined;
    /** Its own program, where it says which. */
    codexPath?: string | undefined;
    /** Its answers are printed by this very process, so they arrive. */
    isShell?: true;
    /** How long a waiting tool may wait when the caller does not say. */
    waitSeconds: number;
  };
  /** Aborted when the caller gives up. It ends the waiting, never the run. */
  signal: AbortSignal;
  /** Tells a waiting caller what is going on; dropped where nobody listens. */
  progress(message: string): void;
  /** Asks the person at the client, where the face has one; undefined when nobody answers. */
  elicit?: (form: Form) => Promise<FormAnswer | undefined>;
};

type Shape = z.ZodObject;

export type ToolDefinition<I extends Shape, O extends Shape> = {
  /** `cc_<verb>_<noun>`; the CLI twin is the same in kebab-case without the prefix. */
  name: string;
  area: Area;
  kind: ToolKind;
  /** One or two sentences. The first carries the words a model would search for. */
  summary: string;
  /**
   * For people, and for Codex's tool search: it indexes titles and descriptions, takes a name for one
   * word, and sends no title to the model. So words to find a tool by go here, where they cost no
   * tokens. Default: the name in words.
   */
  title?: string;
  input: I;
  /** Internal: validated in tests and kept in the snapshots, not published. */
  output: O;
  /** Loaded by Claude at once instead of on demand. For the few tools every controller needs. */
  core?: boolean;
  /** Former names, still accepted. */
  aliases?: readonly string[];
  /** `text`: the result is `{ text }`, sent as plain text (logs, diffs, reports). Default `json`. */
  format?: 'json' | 'text';
  /** Most bytes a result may have. Default 8 kB, never over 40 kB. */
  maxBytes?: number;
  /** True when the call worked but what it looked at failed: the CLI then exits 1. */
  failed?: (result: Record<string, unknown>) => boolean;
  handler: (input: z.output<I>, context: ToolContext) => Promise<z.input<O>>;
};

/** A tool of any shape, as the registry and the faces see it. */
export type Tool = Omit<ToolDefinition<Shape, Shape>, 'handler'> & {
  handler: (input: unknown, context: ToolContext) => Promise<Record<string, unknown>>;
};

/** Types a tool. The handler gets parsed input only; `call.ts` is the only place that calls it. */
export function defineTool<I extends Shape, O extends Shape>(
  definition: ToolDefinition<I, O>,
): Tool {
  const { handler, ...rest } = definition;
  return { ...rest, handler: (input, context) => handler(input as z.output<I>, context) };
}
