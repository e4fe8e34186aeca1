import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { CcError, toErrorFacts } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import { FAILURE_CLASSES, ROLES, RUN_STATES } from '../core/vocabulary.ts';
import { type Artifact, RUN_ARTIFACTS, readArtifact } from '../runs/artifacts/read-artifact.ts';
import type { ListedTool } from '../tools/listed.ts';
import type { Host } from '../workspace/host.ts';
import { managedDir } from '../workspace/layout.ts';
import type { Place } from '../workspace/resolve.ts';

const loadFind = /* @__PURE__ */ lazy(() => import('../runs/find.ts'));
const loadFindWorkflow = /* @__PURE__ */ lazy(() => import('../workflows/instances/find.ts'));

const SCHEME = 'cc://';
const VOCABULARY = `${SCHEME}vocabulary`;
const TOOL_INDEX = `${SCHEME}tools`;
const REPORT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.md$/;

/** What of a workflow may be read as it is: all of it is redacted. The report is that of its last end. */
const WORKFLOW_FILES = ['report.md', 'metadata.json', 'workflow.yaml'];

const FIXED = [
  { uri: VOCABULARY, name: 'Vocabulary', mimeType: 'application/json' },
  { uri: TOOL_INDEX, name: 'Tool index', mimeType: 'text/markdown' },
];

const TEMPLATES = [
  {
    uriTemplate: `${SCHEME}runs/{run_id}/{+file}`,
    name: 'File of a run',
    description: RUN_ARTIFACTS.join(', '),
  },
  {
    uriTemplate: `${SCHEME}reports/{file}`,
    name: 'Report',
    description: 'A Markdown report of this project.',
  },
  {
    uriTemplate: `${SCHEME}workflows/{workflow_id}/{file}`,
    name: 'File of a workflow',
    description: WORKFLOW_FILES.join(', '),
  },
];

export type ResourceFacts = {
  host: Host;
  listing: readonly ListedTool[];
  place: (meta: unknown) => Promise<Place>;
};

/** What is recorded, for reading: files of runs, reports, and what our words mean. Nothing can be changed. */
export function serveResources(server: Server, facts: ResourceFacts): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: FIXED }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: TEMPLATES,
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params }) => {
    const { uri, _meta: meta } = params;
    try {
      return { contents: [{ uri, mimeType: mimeType(uri), ...(await read(uri, meta, facts)) }] };
    } catch (error) {
      const { message, hint } = toErrorFacts(error);
      throw new McpError(ErrorCode.InvalidParams, [message, hint].filter(Boolean).join(' '));
    }
  });
}

type Content = { text: string; _meta?: { bytes: number; truncated: true } };

async function read(uri: string, meta: unknown, facts: ResourceFacts): Promise<Content> {
  if (uri === VOCABULARY) return { text: JSON.stringify(vocabulary()) };
  if (uri === TOOL_INDEX) return { text: facts.listing.map(indexLine).join('\n') };
  const [, kind, name = '', file] =
    /^cc:\/\/(runs|workflows|reports)\/([^/]+)(?:\/(.+))?$/.exec(uri) ?? [];
  if (kind === 'runs' && RUN_ARTIFACTS.some((known) => known === file)) {
    const { findRun } = await loadFind();
    const { paths } = await findRun(facts.host, name, undefined);
    return contentOf(await readArtifact(paths.dir, file ?? ''));
  }
  if (kind === 'workflows' && WORKFLOW_FILES.some((known) => known === file)) {
    const { findWorkflow } = await loadFindWorkflow();
    const near = await facts.place(meta).catch(() => undefined);
    const { paths } = await findWorkflow(facts.host, near, name);
    return contentOf(await readArtifact(paths.dir, file ?? ''));
  }
  if (kind === 'reports' && file === undefined && REPORT_NAME.test(name)) {
    const { workspace } = await facts.place(meta);
    return contentOf(await readArtifact(managedDir(workspace, 'reports'), name));
  }
  throw new CcError('NOT_FOUND', `There is no resource ${uri.slice(0, 200)}.`, {
    hint: `Resources: ${[...FIXED.map((one) => one.uri), ...TEMPLATES.map((one) => one.uriTemplate)].join(', ')}.`,
  });
}

function contentOf({ text, bytes, truncated }: Artifact): Content {
  return truncated ? { text, _meta: { bytes, truncated } } : { text };
}

function vocabulary(): object {
  return { roles: ROLES, run_states: RUN_STATES, failure_classes: FAILURE_CLASSES };
}

function indexLine(tool: ListedTool): string {
  const parameters = Object.keys(tool.inputSchema.properties ?? {}).join(', ');
  return `- ${tool.name}(${parameters}) [${tool.kind}] ${tool.summary}`;
}

function mimeType(uri: string): string {
  if (uri === VOCABULARY || uri.endsWith('.json')) return 'application/json';
  return uri === TOOL_INDEX || uri.endsWith('.md') ? 'text/markdown' : 'text/plain';
}
