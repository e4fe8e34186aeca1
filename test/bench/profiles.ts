import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../../src/core/clock.ts';
import { withPrivateCopy } from '../../src/profiles/ccswitch/copy.ts';
import { readDatabase, TABLES } from '../../src/profiles/ccswitch/database.ts';
import { loadSqlite, type OpenSqlite } from '../../src/profiles/ccswitch/sqlite.ts';
import { noEvidence } from '../../src/routing/evidence.ts';
import { pickProfile } from '../../src/routing/pick.ts';
import { mergedPrices } from '../../src/routing/price-table.ts';
import { callTool } from '../../src/tools/call.ts';
import type { ToolContext } from '../../src/tools/define.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { findTool } from '../../src/tools/surface.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { installBigDatabase } from '../profiles/big-database.ts';
import { profile } from '../routing/support.ts';
import { type BenchContext, type Benchmark, inTurns, type Measurement, timed } from './harness.ts';

const PROVIDERS = 500;
const MEGABYTES = 120;
/** A p95 wants more than one call per sample. */
const CALLS = 10;
/** Until a database that was just written is remembered by its file times. */
const SETTLE_MS = 50;

export const profiles: Benchmark = {
  name: 'profiles',
  about: `list and pick at ${PROVIDERS} CC Switch providers beside ${MEGABYTES} MB of usage rows, against reading them again for each call`,
  run: async (context) => {
    const open = await loadSqlite();
    if (open === undefined) throw new Error('there is no SQLite (Node 22.13, or libsql)');
    const root = mkdtempSync(join(tmpdir(), 'cc-bench-profiles-'));
    try {
      const database = installBigDatabase(
        { appDir: join(root, 'home', '.cc-switch') },
        PROVIDERS,
        MEGABYTES,
      );
      await sleep(SETTLE_MS);
      return [
        ...(await calls(context, root, 'list', 'cc_list_profiles', { all: true })),
        ...(await calls(context, root, 'pick', 'cc_pick_profile', { role: 'review' })),
        await reading(context, root, database, open),
        ...(await scoring(context)),
      ];
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

async function calls(
  context: BenchContext,
  root: string,
  what: string,
  name: string,
  input: object,
): Promise<Measurement[]> {
  const tool = findTool(TOOLS, name);
  const call = async (host: Host) => {
    const outcome = await callTool(tool, input, contextOf(host));
    if (!outcome.ok) throw new Error(outcome.error.message);
  };
  const remembering = hostOf(root, {});
  let other = 0;
  const { ours, reference } = await inTurns(
    context,
    async () => {
      // The reference has read for another environment; this reads once for its own.
      await call(remembering);
      return several(() => call(remembering));
    },
    () =>
      several(() => {
        other += 1;
        return call(hostOf(root, { OTHER: String(other) }));
      }),
  );
  return [50, 95].map((percentile) => ({
    name: `${what} at ${PROVIDERS} profiles, p${percentile}`,
    unit: 'ms',
    ours: ours.flat(),
    reference: reference.flat(),
    percentile,
    goal: { ratio: 0.5 },
  }));
}

const MODELS = ['default', 'opus', 'haiku', 'sonnet'] as const;

/** The scorer alone, against one that knows nothing of the profiles and prices of the call before. */
async function scoring(context: BenchContext): Promise<Measurement[]> {
  const list = Array.from({ length: PROVIDERS }, (_, index) =>
    profile(`p${index}`, {
      models: Object.fromEntries(MODELS.map((tier) => [tier, `claude-${tier}-p${index}-1`])),
    }),
  );
  const prices = mergedPrices({}, new Map(), undefined);
  const evidence = { ...noEvidence(Date.now()), prices };
  const { ours, reference } = await inTurns(
    context,
    () => several(async () => void pickProfile({ role: 'review' }, list, evidence)),
    () =>
      several(async () => {
        const fresh = { ...evidence, prices: new Map(prices) };
        void pickProfile({ role: 'review' }, structuredClone(list), fresh);
      }),
  );
  return [50, 95].map((percentile) => ({
    name: `the scorer alone at ${PROVIDERS} profiles of ${MODELS.length} models, p${percentile}`,
    unit: 'ms',
    ours: ours.flat(),
    reference: reference.flat(),
    percentile,
    goal: { ratio: 1 },
  }));
}

/** One reading of the providers, against copying all of the database for it. */
async function reading(
  context: BenchContext,
  root: string,
  database: string,
  open: OpenSqlite,
): Promise<Measurement> {
  const copy = join(root, 'whole.db');
  const { ours, reference } = await inTurns(
    context,
    () => timed(() => withPrivateCopy(database, TABLES, root, (part) => open(part, readDatabase))),
    () =>
      timed(() => {
        copyFileSync(database, copy);
        open(copy, readDatabase);
      }),
  );
  return { name: 'reading the providers once', unit: 'ms', ours, reference, goal: { ratio: 0.5 } };
}

async function several(work: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < CALLS; call += 1) times.push(await timed(work));
  return times;
}

function hostOf(root: string, more: Record<string, string>): Host {
  const env = { HOME: join(root, 'home'), PATH: process.env.PATH ?? '', ...more };
  mkdirSync(env.HOME, { recursive: true });
  return {
    env,
    clock: systemClock,
    home: userHome(env),
    supervisor: { file: process.execPath, args: [] },
    readOnly: false,
  };
}

function contextOf(host: Host): ToolContext {
  return {
    host,
    place: () => Promise.reject(new Error('no place is needed')),
    client: { name: 'bench', threadId: undefined, waitSeconds: 0 },
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}
