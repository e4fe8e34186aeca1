import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { appendEntry } from '../../src/ledger/append.ts';
import { readChain } from '../../src/ledger/chain.ts';
import { entryLine, type LedgerEntry, sealEntry } from '../../src/ledger/entry.ts';
import { ledgerPaths } from '../../src/ledger/place.ts';
import { latestEntries } from '../../src/ledger/query.ts';
import { LineReader } from '../../src/store/lines.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { type Workspace, workspaceAt } from '../../src/workspace/layout.ts';
import { type Benchmark, inTurns, timed } from './harness.ts';

const LINES = 100_000;
const ENTRY = { kind: 'gate', subject: 'main', facts: { n: 1 } } as const;

/** What a run leaves in it costs the same in the first and in the hundred-thousandth line. */
export const ledger: Benchmark = {
  name: 'ledger',
  about: `appending to a ledger and checking one of ${LINES} lines`,
  run: async (context) => {
    const dir = mkdtempSync(join(tmpdir(), 'cc-ledger-'));
    try {
      const host: Host = {
        env: {},
        clock: systemClock,
        home: userHome({ HOME: dir }),
        supervisor: { file: '', args: [] },
        readOnly: false,
      };
      const [short, long] = [
        await workspace(host, dir, 'short'),
        await workspace(host, dir, 'long'),
      ];
      await appendEntry(host, short, ENTRY);
      await grow(host, long);
      const { file } = ledgerPaths(long);
      const add = (where: Workspace) => timed(() => appendEntry(host, where, ENTRY));
      const append = await inTurns(
        context,
        () => add(long),
        () => add(short),
      );
      const sync = await inTurns(
        context,
        () => add(short),
        () => timed(() => appendAlone(join(dir, 'plain.ndjson'))),
      );
      const verify = await inTurns(
        context,
        () => timed(() => readChain(file)),
        () => timed(() => parseOnly(file)),
      );
      const query = await inTurns(
        context,
        () => timed(() => latestEntries(long, {}, { limit: 20 })),
        () => timed(() => latestEntries(short, {}, { limit: 20 })),
      );
      return [
        {
          name: `append at ${LINES} lines, against a short ledger`,
          unit: 'ms',
          ...append,
          goal: { ratio: 1.5 },
        },
        { name: 'append, against a bare write and fsync', unit: 'ms', ...sync },
        { name: `verify ${LINES} lines, against reading and parsing`, unit: 'ms', ...verify },
        {
          name: `newest 20 of ${LINES}, against a short ledger`,
          unit: 'ms',
          ...query,
          goal: { ratio: 3 },
        },
      ];
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function workspace(host: Host, dir: string, name: string): Promise<Workspace> {
  const place = workspaceAt(join(dir, name));
  await initWorkspace(place, host.home, host.clock);
  return place;
}

/** By the same rules, but without a lease and an fsync for each. */
async function grow(host: Host, where: Workspace): Promise<void> {
  let last: LedgerEntry = await appendEntry(host, where, ENTRY);
  const lines: string[] = [];
  for (let n = 2; n <= LINES; n += 1) {
    const { hash, ...content } = last;
    const facts = { n, state: 'succeeded', profile: 'env:test', tokens: { input: n, output: 20 } };
    const subject = `run_20261121t110900123z_${String(n % 1000).padStart(8, 'a')}`;
    last = sealEntry({ ...content, seq: n, subject, facts, prev: hash });
    lines.push(`${entryLine(last)}\n`);
  }
  appendFileSync(ledgerPaths(where).file, lines.join(''));
}

function appendAlone(path: string): void {
  const fd = openSync(path, 'a');
  writeSync(fd, `${'x'.repeat(400)}\n`);
  fsyncSync(fd);
  closeSync(fd);
}

/** Nobody who looks at every line can do with less. */
function parseOnly(path: string): void {
  const reader = new LineReader(path);
  for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
    for (const { bytes } of lines) JSON.parse(bytes?.toString('utf8') ?? '');
  }
  reader.close();
}
