import { fileURLToPath } from 'node:url';
import { arrayAt, isObject, numberAt, objectAt, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import type { ToolContext } from '../tools/define.ts';
import type { Host } from '../workspace/host.ts';
import { type Place, resolvePlace } from '../workspace/resolve.ts';

/** Codex's code mode yields after 30 s; other clients wait longer without harm (codex-cli.md A5). */
const WAIT_SECONDS = { codex: 25, other: 55 };
const PROGRESS_CHARS = 200;

/** What the protocol knows about one call. */
export type CallFacts = {
  host: Host;
  clientName: string;
  /** The call's `_meta`. */
  meta: unknown;
  /** First file root of the client; asked for only when nothing better says where we are. */
  clientRoot: () => Promise<string | undefined>;
  signal: AbortSignal;
  elicit: NonNullable<ToolContext['elicit']>;
  notifyProgress: (params: {
    progressToken: string | number;
    progress: number;
    message: string;
  }) => void;
};

export function callContext(facts: CallFacts): ToolContext {
  const { host, meta } = facts;
  const token = progressToken(meta);
  let steps = 0;
  return {
    host,
    place: (cwd) => placeOf(facts, cwd),
    client: {
      name: facts.clientName,
      threadId: threadId(meta),
      codexPath: stringAt(objectAt(meta, 'codex/sandbox-launcher'), 'codexExecutable'),
      waitSeconds: facts.clientName.startsWith('codex') ? WAIT_SECONDS.codex : WAIT_SECONDS.other,
    },
    signal: facts.signal,
    elicit: facts.elicit,
    progress: (message) => {
      if (token === undefined) return;
      steps += 1;
      facts.notifyProgress({
        progressToken: token,
        progress: steps,
        message: oneLine(message, PROGRESS_CHARS),
      });
    },
  };
}

/** Where a call is about: what it names itself, else what the client tells of where it is. */
export async function placeOf(
  { host, meta, clientRoot }: Pick<CallFacts, 'host' | 'meta' | 'clientRoot'>,
  cwd: string | undefined,
): Promise<Place> {
  const callMetadata = sandboxCwd(meta);
  const known = cwd ?? callMetadata ?? host.env.CLAUDE_PROJECT_DIR;
  return resolvePlace({
    cwd,
    callMetadata,
    clientRoot: known ? undefined : await clientRoot(),
    env: host.env,
    processCwd: process.cwd(),
  });
}

function progressToken(meta: unknown): string | number | undefined {
  return stringAt(meta, 'progressToken') ?? numberAt(meta, 'progressToken');
}

/** Codex names its thread directly; in turn metadata in some calls of sub-agents. */
function threadId(meta: unknown): string | undefined {
  const id =
    stringAt(meta, 'threadId') ?? stringAt(objectAt(meta, 'x-codex-turn-metadata'), 'thread_id');
  return id?.slice(0, 200);
}

/** The controller's own directory, which Codex tells a server that declared the capability. */
function sandboxCwd(meta: unknown): string | undefined {
  const uri = stringAt(objectAt(meta, 'codex/sandbox-state-meta'), 'sandboxCwd');
  const path = uri === undefined ? undefined : pathOf(uri);
  if (path !== undefined) return path;
  const workspaces = objectAt(objectAt(meta, 'x-codex-turn-metadata'), 'workspaces');
  const [only, ...more] = Object.keys(workspaces ?? {});
  return more.length === 0 ? only : undefined;
}

/** First root of a `roots/list` answer that is a local path. */
export function firstRoot(answer: unknown): string | undefined {
  for (const root of arrayAt(answer, 'roots')) {
    const uri = isObject(root) ? stringAt(root, 'uri') : undefined;
    const path = uri === undefined ? undefined : pathOf(uri);
    if (path !== undefined) return path;
  }
  return undefined;
}

function pathOf(uri: string): string | undefined {
  if (!uri.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}
