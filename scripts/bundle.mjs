// Bundles the entries of the product.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const common = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  external: ['libsql'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
};

// The SDK's default validator of answers to elicitations. Our server passes another one (mcp/server.ts),
// and Ajv would be a third of what it loads at its start.
const withoutAjv = {
  name: 'without-ajv',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]sdk[\\/]dist[\\/]esm[\\/]validation[\\/]ajv-provider\.js$/ }, () => ({
      contents: 'export class AjvJsonSchemaValidator {}',
    }));
  },
};

await rm('dist', { recursive: true, force: true });
// What the faces need only for some calls lies in files of its own, so that they start fast.
await build({
  ...common,
  entryPoints: {
    'cc-orchestrator': 'src/bin/cc-orchestrator.ts',
    mcp: 'src/mcp/main.ts',
    cli: 'src/cli/main.ts',
  },
  splitting: true,
  plugins: [withoutAjv],
});
// One file, so that an upgrade cannot change the code of a supervisor that is running. It is last:
// when it is there, all are.
await build({ ...common, entryPoints: { supervisor: 'src/supervisor/main.ts' } });
