import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  McpError,
  type Prompt,
} from '@modelcontextprotocol/sdk/types.js';
import { toErrorFacts } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import type { NamedTemplate } from '../prompts/pack/render.ts';
import type { Host } from '../workspace/host.ts';

const loadPack = /* @__PURE__ */ lazy(() => import('../prompts/pack/render.ts'));

/** The templates of the prompt pack, as prompts a person can choose in their client. */
export function servePrompts(server: Server, host: Host): void {
  const dir = host.home.promptPack;
  server.setRequestHandler(ListPromptsRequestSchema, async () => {
    const { listTemplates } = await loadPack();
    return { prompts: (await listTemplates(dir)).map(describePrompt) };
  });
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }) => {
    try {
      const { renderTemplate } = await loadPack();
      const { template, text } = await renderTemplate(dir, params.name, params.arguments ?? {});
      return {
        description: template.summary,
        messages: [{ role: 'user', content: { type: 'text', text } }],
      };
    } catch (error) {
      const { message, hint } = toErrorFacts(error);
      throw new McpError(ErrorCode.InvalidParams, [message, hint].filter(Boolean).join(' '));
    }
  });
}

function describePrompt({ name, summary, variables }: NamedTemplate): Prompt {
  return {
    name,
    description: summary,
    arguments: Object.entries(variables).map(([key, { about, default: value }]) => ({
      name: key,
      description: about,
      required: value === undefined,
    })),
  };
}
