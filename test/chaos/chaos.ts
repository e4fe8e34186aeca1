// npm run chaos -- [--seed n] [--faults n] [--parallel n] [--only theme]…
// Kills, freezes and starves the product at random points of scripted runs of a real Claude Code, and
// checks afterwards what must hold whatever happens. Exits 1 when something does not.
import { parseArgs } from 'node:util';
import { THEMES } from './plan.ts';
import { isClean, progressLine, shown } from './report.ts';
import { playSeries, whyNoChaos } from './series.ts';

const FAULTS = 300;
const PARALLEL = 2;
const USAGE = `usage: npm run chaos -- [--seed <n>] [--faults <n>] [--parallel <n>] [--only <theme>]…
  --seed      for the same faults again; default: another one each time
  --faults    how many to inject at least; default ${FAULTS}
  --parallel  runs at once; default ${PARALLEL}
  --only      ${THEMES.join(', ')}
`;

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const impossible = whyNoChaos();
  if (impossible !== undefined) {
    process.stdout.write(`Skipped: everything. ${impossible}.\n`);
    return 0;
  }
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  process.stderr.write(`seed ${options.seed}\n`);
  const report = await playSeries({
    ...options,
    signal: interrupted.signal,
    onPlayed: (played) => process.stderr.write(progressLine(played)),
  });
  process.stdout.write(shown(report));
  return isClean(report) ? 0 : 1;
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        faults: { type: 'string' },
        parallel: { type: 'string' },
        only: { type: 'string', multiple: true },
      },
    });
    const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
    const faults = Number(values.faults ?? FAULTS);
    const parallel = Number(values.parallel ?? PARALLEL);
    const known = values.only?.every((theme) => THEMES.some((one) => one === theme)) ?? true;
    const numbers = [seed, faults, parallel].every((one) => Number.isInteger(one) && one >= 0);
    if (!known || !numbers || parallel === 0) return undefined;
    return { seed, faults, parallel, only: values.only };
  } catch {
    return undefined;
  }
}

process.exitCode = await main(process.argv.slice(2));
