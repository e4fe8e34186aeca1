import { join } from 'node:path';
import { build } from 'esbuild';
import { type Lab, REPOSITORY } from '../support/lab.ts';
import { type Benchmark, inTurns } from './harness.ts';
import { RawClient } from './mcp-client.ts';
import { withLab } from './with-lab.ts';

export const coldStart: Benchmark = {
  name: 'cold-start',
  about: 'start of the MCP server, against a bare one-tool server on the SDK, bundled alike',
  run: (context) =>
    withLab([], async (lab) => {
      const bare = join(lab.dir, 'bare-server.mjs');
      await bundleBareServer(bare);
      const { ours, reference } = await inTurns(
        context,
        () => start(lab, [join(REPOSITORY, 'dist/cc-orchestrator.js'), 'mcp']),
        () => start(lab, [bare]),
      );
      const goal = { ratio: 1.3 };
      return [
        {
          name: 'MCP start → first byte of initialize',
          unit: 'ms',
          ours: ours.map((one) => one.firstByte),
          reference: reference.map((one) => one.firstByte),
          goal,
        },
        {
          name: 'MCP start → tools/list',
          unit: 'ms',
          ours: ours.map((one) => one.list),
          reference: reference.map((one) => one.list),
          goal,
        },
      ];
    }),
};

async function start(lab: Lab, args: readonly string[]) {
  const client = new RawClient(args, { cwd: lab.project, env: lab.env });
  try {
    await client.initialize('bench');
    await client.request('tools/list');
    const list = performance.now() - client.startedAt;
    return { firstByte: (client.firstByteAt ?? Infinity) - client.startedAt, list };
  } finally {
    await client.close();
  }
}

/** The same way as `scripts/bundle.mjs` bundles ours. */
async function bundleBareServer(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(REPOSITORY, 'test/bench/bare-server.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    minifyWhitespace: true,
    logLevel: 'warning',
  });
}
