// Runs a command of the project on a machine that has nothing but Node, npm and git: installs what is
// missing (exactly what the lock file says), builds what is stale, then runs it.
//
//   node scripts/run.mjs demo [args…]     the demo
//   node scripts/run.mjs test [args…]     every check and test
//   node scripts/run.mjs bench [args…]    the benchmarks
//   node scripts/run.mjs chaos [args…]    faults at random points of real runs
//   node scripts/run.mjs setup|doctor|uninstall [args…]    what install/install.sh calls in a clone
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);

const commands = {
  demo: () => node('dist/cc-orchestrator.js', 'demo', ...args),
  bench: () => node('scripts/run-ts.mjs', 'test/bench/main.ts', ...args),
  chaos: () => node('scripts/run-ts.mjs', 'test/chaos/chaos.ts', ...args),
  ...Object.fromEntries(['setup', 'doctor', 'uninstall'].map((name) => [name, product(name)])),
  test: () => {
    node('node_modules/typescript/bin/tsc', '--noEmit');
    node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings');
    node('node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.all.config.ts', ...args);
  },
};

const chosen = commands[command];
if (chosen === undefined) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')} [arguments]`);
  process.exit(2);
}
install();
build();
chosen();

function install() {
  // A linked node_modules is somebody else's; npm would empty it on the way.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const installed = mtime(join(root, 'node_modules', '.package-lock.json'));
  if (installed >= mtime(join(root, 'package-lock.json'))) return;
  // npm tells its own path to the scripts it runs; started by hand, it is found by name.
  const npm = process.env.npm_execpath;
  const [file, ...leading] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  run(file, [...leading, 'ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

function build() {
  const newest = Math.max(newestIn(join(root, 'src')), mtime(join(root, 'package.json')));
  if (mtime(join(root, 'dist', 'supervisor.js')) < newest) node('scripts/bundle.mjs');
}

function product(name) {
  return () => node('dist/cc-orchestrator.js', name, ...args);
}

function node(script, ...rest) {
  run(process.execPath, [join(root, script), ...rest]);
}

function run(file, rest) {
  const { status, signal, error } = spawnSync(file, rest, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && file === 'npm',
  });
  if (error) console.error(`cannot run ${file}: ${error.message}`);
  if (status !== 0) process.exit(status ?? (signal ? 130 : 1));
}

function mtime(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newestIn(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path) : mtime(path));
  }
  return newest;
}
