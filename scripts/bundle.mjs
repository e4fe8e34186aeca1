// Bundles the entries of the product.
import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
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
  minifyWhitespace: true,
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

// What secretlint loads when it is asked for a PKCS#12 file, and we never do. It would be a third of
// the supervisor.
const withoutForge = {
  name: 'without-forge',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.\/index-/ }, ({ kind, importer }) =>
      kind === 'dynamic-import' && /[\\/]secretlint-rule-preset-/.test(importer)
        ? { path: 'forge', namespace: 'nothing' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: 'export {};' }));
  },
};

// The listing of the tools holds nothing that depends on the machine, and to make it a face would have to
// load every tool and the schemas of all of them before its first answer.
const listingMade = {
  name: 'listing-made',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]src[\\/]tools[\\/]listing\.ts$/ }, () => {
      const listing = execFileSync(process.execPath, [
        'scripts/run-ts.mjs',
        'scripts/gen/listing.ts',
      ]);
      return { contents: `export const LISTING = ${listing};` };
    });
  },
};

// One character beyond ASCII, be it in a comment, and V8 keeps the whole file with two bytes a
// character: loading the supervisor then takes 55 ms of CPU instead of 20.
const ascii = {
  name: 'ascii',
  setup: ({ initialOptions, onEnd }) => {
    initialOptions.write = false;
    onEnd(async ({ outputFiles = [] }) => {
      for (const { path, text } of outputFiles) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, text.replace(/\\?[^\0-\x7f]/g, escaped));
      }
    });
  },
};

function escaped(character) {
  const unit = character.charCodeAt(character.length - 1);
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

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
  plugins: [withoutAjv, withoutForge, listingMade, ascii],
});
// One file each, so that an upgrade cannot change the code of one that is running. The supervisor is last:
// when it is there, all are.
await build({
  ...common,
  entryPoints: {
    command: 'src/supervisor/command.ts',
    'workflow-supervisor': 'src/supervisor/workflow.ts',
  },
  plugins: [withoutForge, ascii],
});
await build({
  ...common,
  entryPoints: { supervisor: 'src/supervisor/main.ts' },
  plugins: [withoutForge, ascii],
});
