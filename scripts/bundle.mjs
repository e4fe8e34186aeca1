// Bundles the entries of the product. Separate files, so that the supervisor starts fast and carries
// no MCP code, and so that an upgrade cannot change the code of a supervisor that is running.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: {
    'cc-orchestrator': 'src/bin/cc-orchestrator.ts',
    mcp: 'src/mcp/main.ts',
    cli: 'src/cli/main.ts',
    supervisor: 'src/supervisor/main.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  external: ['libsql'],
  banner: { js: banner },
  legalComments: 'none',
  logLevel: 'warning',
});
