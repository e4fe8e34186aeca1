import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeWhole } from '../../src/git/whole/take.ts';
import { type BenchContext, type Benchmark, inTurns, type Measurement, timed } from './harness.ts';

const PER_DIRECTORY = 10;
const LINES = 'module.exports = 1;\n'.repeat(20);

/** Files under git, and how many more lie ignored in node_modules. */
const PROJECTS = [
  { name: '100 files', files: 100, ignored: 0 },
  { name: '10 000 files', files: 10_000, ignored: 0 },
  { name: '100 files, 30 000 in node_modules', files: 100, ignored: 30_000 },
] as const;

export const snapshots: Benchmark = {
  name: 'snapshots',
  about:
    'what a run waits for before its worker starts: the first snapshot, a second, and a lean one',
  run: async (context) => {
    const rows: Measurement[] = [];
    for (const project of PROJECTS) rows.push(...(await measure(context, project)));
    return rows;
  },
};

async function measure(
  context: BenchContext,
  { name, files, ignored }: (typeof PROJECTS)[number],
): Promise<Measurement[]> {
  const root = mkdtempSync(join(tmpdir(), 'cc-bench-'));
  const stores: string[] = [];
  try {
    fill(root, files, ignored);
    const second: number[] = [];
    const { ours, reference } = await inTurns(
      context,
      async () => {
        const store = mkdtempSync(join(tmpdir(), 'cc-bench-'));
        stores.push(store);
        const start = performance.now();
        const earlier = await takeWhole(root, { privateDir: store });
        const took = performance.now() - start;
        second.push(await timed(() => takeWhole(root, { privateDir: store, earlier })));
        return took;
      },
      async () => {
        const store = stores.at(-1) ?? root;
        return timed(() => takeWhole(root, { privateDir: join(store, 'lean'), lean: true }));
      },
    );
    return [
      { name: `snapshot: ${name}, first`, unit: 'ms', ours },
      { name: `snapshot: ${name}, second`, unit: 'ms', ours: second.slice(-ours.length) },
      { name: `snapshot: ${name}, of a read-only run`, unit: 'ms', ours: reference },
    ];
  } finally {
    for (const path of [root, ...stores]) rmSync(path, { recursive: true, force: true });
  }
}

function fill(root: string, files: number, ignored: number): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.invalid', ...args], {
      cwd: root,
    });
  git('init', '-q');
  writeFileSync(join(root, '.gitignore'), 'node_modules/\n');
  put(join(root, 'src'), files);
  git('add', '-A');
  git('commit', '-qm', 'start');
  put(join(root, 'node_modules'), ignored);
}

function put(directory: string, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const place = join(directory, `d${Math.floor(index / PER_DIRECTORY)}`);
    if (index % PER_DIRECTORY === 0) mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `f${index}.js`), LINES);
  }
}
