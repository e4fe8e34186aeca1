import { join } from 'node:path';
import { byteLength } from '../../src/core/text.ts';
import { type Lab, REPOSITORY } from '../support/lab.ts';
import { type Benchmark, mean, median } from './harness.ts';
import { RawClient, type Reply } from './mcp-client.ts';
import { withLab } from './with-lab.ts';

export const surface: Benchmark = {
  name: 'surface',
  about: 'what the list of tools costs a client that loads all of it',
  run: () =>
    withLab([], async (lab) => {
      const { result, bytes } = await listOf(lab);
      const tools = (result.tools as ListedTool[]).map(toolBytes);
      return [
        { name: `tools/list, ${tools.length} tools, whole reply`, unit: 'bytes', ours: [bytes] },
        { name: 'per tool, median', unit: 'bytes', ours: [median(tools)], goal: { ours: 450 } },
        { name: 'per tool, mean', unit: 'bytes', ours: [mean(tools)], goal: { ours: 500 } },
      ];
    }),
};

async function listOf(lab: Lab): Promise<Reply> {
  const client = new RawClient([join(REPOSITORY, 'dist/cc-orchestrator.js'), 'mcp'], {
    cwd: lab.project,
    env: lab.env,
  });
  try {
    await client.initialize('bench');
    return await client.request('tools/list');
  } finally {
    await client.close();
  }
}

type ListedTool = { name: string; description: string; inputSchema: unknown };

function toolBytes({ name, description, inputSchema }: ListedTool): number {
  return byteLength(JSON.stringify({ name, description, inputSchema }));
}
