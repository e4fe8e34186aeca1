import type { Fault, ModelCall, Script, Step } from '../../src/loopback/index.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { waitForRuns } from '../../src/runs/wait.ts';
import { Lab } from './lab.ts';
import { PATIENCE_MS } from './patience.ts';

export const http = (status: number, extra: object = {}): Fault => ({
  kind: 'http',
  status,
  ...extra,
});
/** The CLI does not wait for a limit that lasts so long. */
export const LIMITED = http(429, { headers: { 'retry-after': '3600' } });

/** A model service that refuses the models named, and answers the others. */
export const failing = (faults: Readonly<Record<string, Fault>>): Script => ({
  name: 'task',
  steps: [
    ({ model }: ModelCall): Step => {
      const fault = faults[model];
      return fault === undefined ? { text: `Done by ${model}.` } : { text: 'x', faults: [fault] };
    },
  ],
});

/** The profile of the lab and others, dearer one after the other and with accounts of their own. */
export async function openFailing(
  script: Script,
  more: readonly string[] = ['spare'],
): Promise<Lab> {
  const lab = await Lab.open([script], { tokens: more.map((name) => `token-of-${name}`) });
  lab.writePolicy('watchdog:\n  retry_attempts: 2\nstart_interval_ms: 0\n');
  for (const [index, name] of more.entries()) {
    const url = index === 0 ? lab.model.url.replace('127.0.0.1', 'localhost') : lab.model.url;
    lab.addProfile(name, url, `token-of-${name}`);
    Object.assign(lab.env, {
      [`CC_PROFILE_${name.toUpperCase()}_PRICE_INPUT`]: String(20 * (index + 1)),
      [`CC_PROFILE_${name.toUpperCase()}_PRICE_OUTPUT`]: String(50 * (index + 1)),
    });
  }
  return lab;
}

/** One wait for a run and for those its task is moved to. */
export async function waited(lab: Lab, run: FoundRun, timeoutMs = PATIENCE_MS) {
  const runs = [await lab.find(run.record.run_id)];
  const result = await waitForRuns(lab.host(), {
    runs,
    until: 'all',
    cursor: undefined,
    timeoutMs,
    signal: new AbortController().signal,
  });
  for (const { record } of runs) own(lab, record.run_id);
  return { ...result, runs };
}

/** The run once it has ended, without a look at it by any face. */
export function settled(lab: Lab, run: FoundRun): Promise<FoundRun> {
  return lab.until(async () => {
    const found = await lab.find(run.record.run_id);
    return found.record.outcome === undefined ? undefined : found;
  }, 'the end');
}

/** The lab ends what is left of the runs it knows. */
export function own(lab: Lab, runId: string): void {
  if (!lab.runs.includes(runId)) lab.runs.push(runId);
}
