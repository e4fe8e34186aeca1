import { compact } from '../core/json.ts';
import type { Tool } from './define.ts';
import { inputSchemaOf } from './schema.ts';

/** What can be told of a tool without its code: enough to list it, to choose it and to find it. */
export type ListedTool = Pick<
  Tool,
  'name' | 'title' | 'area' | 'kind' | 'summary' | 'core' | 'aliases'
> & {
  /** As clients get it. */
  inputSchema: { type: 'object' } & Record<string, unknown>;
};

export function listedTool(tool: Tool): ListedTool {
  const { name, title, area, kind, summary, core, aliases } = tool;
  return {
    name,
    area,
    kind,
    summary,
    inputSchema: inputSchemaOf(tool),
    ...compact({ title, aliases }),
    ...(core ? { core } : {}),
  };
}
