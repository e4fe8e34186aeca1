import { posix } from 'node:path';

/** Source files by path relative to `src/`, with their text. */
export type Sources = ReadonlyMap<string, string>;

/** Folders of `src/` by floor, the lowest first. */
export const FLOORS: readonly (readonly string[])[] = [
  ['core', 'secrets'],
  ['store', 'proc', 'loopback'],
  ['workspace', 'git'],
  ['profiles', 'routing', 'workers', 'prompts'],
  ['runs', 'ledger'],
  [
    'verification',
    'judgement',
    'undo',
    'teams',
    'queue',
    'workflows',
    'reports',
    'benchmarks',
    'probe',
    'demo',
    'health',
    'setup',
    'governance',
  ],
  ['tools'],
  ['bin', 'mcp', 'cli', 'supervisor', 'dashboard'],
];

/** Who alone may import a package (or a built-in of Node). */
const RESERVED: readonly { owner: string; owns: RegExp }[] = [
  { owner: 'mcp', owns: /^@modelcontextprotocol\/sdk(?:\/|$)/ },
  { owner: 'proc', owns: /^(?:(?:node:)?(?:child_process|cluster)|execa)$/ },
  { owner: 'git', owns: /^simple-git(?:\/|$)/ },
];

/** The one file outside of `src/` that may be imported: it holds the version. */
const MANIFEST = '../package.json';

/** Everything in these files that the floors of DESIGN §2 do not allow, one sentence each. */
export function violations(sources: Sources): string[] {
  const found: string[] = [];
  for (const [file, text] of sources) {
    const folder = topFolder(file);
    const floor = floorOf(folder);
    if (floor === undefined) {
      found.push(`${file}: the folder "${folder}" is on no floor`);
      continue;
    }
    for (const specifier of importsOf(text)) {
      if (!specifier.startsWith('.')) {
        found.push(...reservedFor(file, folder, specifier));
        continue;
      }
      const target = resolve(file, specifier);
      if (target === MANIFEST) continue;
      if (!sources.has(target)) {
        found.push(`${file}: imports ${specifier}, which is not a source file`);
        continue;
      }
      const below = floorOf(topFolder(target));
      if (below !== undefined && below > floor) {
        found.push(`${file} (floor ${floor}) imports up: ${target} (floor ${below})`);
      }
    }
    if (folder !== 'tools' && hasDefaultExport(text)) {
      found.push(`${file}: default exports are for tools`);
    }
  }
  return [...found, ...cycles(sources).map((cycle) => `cycle: ${cycle.join(' → ')}`)];
}

/** What a file imports, statically, dynamically or only as a type, and what it re-exports. */
export function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const patterns = [
    /^\s*(?:import|export)\s[^'"`;]*?\bfrom\s*(['"])([^'"]+)\1/gm,
    /^\s*import\s*(['"])([^'"]+)\1/gm,
    /\b(?:import|require|getBuiltinModule)\s*\(\s*(['"`])([^'"`]+)\1/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[2] ?? ''));
}

function reservedFor(file: string, folder: string, specifier: string): string[] {
  return RESERVED.filter(({ owner, owns }) => owner !== folder && owns.test(specifier)).map(
    ({ owner }) => `${file}: only ${owner}/ may import ${specifier}`,
  );
}

function hasDefaultExport(text: string): boolean {
  return /^\s*export\s+default\b|^\s*export\s*\{[^}]*\bas\s+default\b/m.test(withoutComments(text));
}

/** Every file that can reach itself by its imports, told once per knot. */
function cycles(sources: Sources): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at !== -1) {
      found.push([...path.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const specifier of importsOf(sources.get(file) ?? '')) {
      const target = specifier.startsWith('.') ? resolve(file, specifier) : '';
      if (sources.has(target)) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of sources.keys()) visit(file);
  return found;
}

function resolve(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier);
}

function topFolder(file: string): string {
  return file.includes('/') ? (file.split('/', 1)[0] ?? '') : '';
}

function floorOf(folder: string): number | undefined {
  const floor = FLOORS.findIndex((folders) => folders.includes(folder));
  return floor === -1 ? undefined : floor;
}

/** Line comments only where they begin a line or follow a blank, so that `https://` stays. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
