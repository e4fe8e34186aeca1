import { plural } from '../core/text.ts';
import type { DemoFacts } from './facts.ts';
import { FAULTY_FILE } from './sample.ts';
import type { Leftovers } from './scratch.ts';

export type DemoCheck = { name: string; ok: boolean; detail: string };

/** Whether the demo showed what it claims to show, judged by exit codes, git and the run's record. */
export function judgeDemo(facts: DemoFacts, leftovers: Leftovers): DemoCheck[] {
  const { before, after, run, changed } = facts;
  const files = changed.map(({ path }) => path).join(', ') || 'none';
  const left = [...leftovers.processes.map((pid) => `process ${pid}`), ...leftovers.paths];
  return [
    {
      name: 'test_failed_before',
      ok: before.exit_code === 1 && before.failed === 1,
      detail: `node --test: exit code ${before.exit_code}`,
    },
    { name: 'run_succeeded', ok: run.state === 'succeeded', detail: `run ${run.state}` },
    {
      name: 'outside_write_refused',
      ok: run.refused === 1,
      detail: `${plural(run.refused, 'call was', 'calls were')} refused`,
    },
    {
      name: 'only_expected_file',
      ok: changed.length === 1 && changed[0]?.path === FAULTY_FILE,
      detail: `changed files: ${files}`,
    },
    {
      name: 'test_passes_after',
      ok: after.exit_code === 0 && after.failed === 0 && after.passed > before.passed,
      detail: `node --test: exit code ${after.exit_code}`,
    },
    { name: 'nothing_left', ok: left.length === 0, detail: left.join(', ') || 'nothing' },
  ];
}
