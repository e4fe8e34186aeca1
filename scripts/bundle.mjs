// Bundles the entries of the product.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const OUT = 'dist';
const common = {
  outdir: OUT,
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

await rm(OUT, { recursive: true, force: true });
// What the faces need only for some calls lies in files of its own, so that they start fast.
const faces = await build({
  ...common,
  entryPoints: {
    'cc-orchestrator': 'src/bin/cc-orchestrator.ts',
    mcp: 'src/mcp/main.ts',
    cli: 'src/cli/main.ts',
  },
  splitting: true,
  plugins: [withoutAjv],
  metafile: true,
});
await writeFile(join(OUT, 'later.js'), importsOf(loadedLater(faces.metafile)));
// One file, so that an upgrade cannot change the code of a supervisor that is running. It is last:
// when it is there, all are.
await build({ ...common, entryPoints: { supervisor: 'src/supervisor/main.ts' } });

/** The files that a server loads on demand. */
function loadedLater({ outputs }) {
  const mcp = Object.entries(outputs).find(
    ([, { entryPoint }]) => entryPoint === 'src/mcp/main.ts',
  );
  const later = new Set();
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: target, kind, external } of outputs[path].imports) {
      if (external) continue;
      if (kind === 'dynamic-import') later.add(target);
      visit(target);
    }
  };
  visit(mcp[0]);
  return [...later];
}

function importsOf(paths) {
  return paths.map((path) => `import './${path.slice(OUT.length + 1)}';\n`).join('');
}
