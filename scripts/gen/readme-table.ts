import { commandName } from '../../src/cli/help.ts';
import { AREAS, type Area, type Tool } from '../../src/tools/define.ts';

/** The tools of an ordinary day, in the order in which they are needed. */
const EVERYDAY = [
  'cc_run_streaming_agent',
  'cc_run_agent',
  'cc_wait_runs',
  'cc_poll_run',
  'cc_last_run',
  'cc_send_instruction',
  'cc_answer_question',
  'cc_stop_run',
  'cc_summarize_run',
  'cc_diff_summary',
  'cc_verify_run',
  'cc_decide',
  'cc_rollback_run',
  'cc_apply_run',
  'cc_pick_profile',
  'cc_usage_summary',
  'cc_cost_guard',
  'cc_healthcheck',
] as const;

/** What an area is about. */
const ABOUT: Readonly<Record<Area, string>> = {
  workspace: 'set up, check, tidy',
  profiles: 'providers, models, routing',
  runs: 'start, follow, steer, stop, verify, pay',
  git: 'see, apply, put back changes',
  ledger: 'who decided what',
  judgement: 'decide, review, gate, score',
  workflows: 'work in several steps',
};

/** The tools of the README: those of every day, then all of them by area. */
export function readmeTable(tools: readonly Tool[]): string {
  const everyday = EVERYDAY.map((name) => {
    const tool = tools.find((item) => item.name === name);
    if (tool === undefined) throw new Error(`scripts/gen/readme-table.ts: no tool ${name}`);
    return tool;
  });
  const areas = AREAS.flatMap((area) => {
    const names = tools.filter((tool) => tool.area === area).map(({ name }) => `\`${name}\``);
    const row = `| [${area}](docs/tools.md#${area}) | ${ABOUT[area]} | ${names.join(' ')} |`;
    return names.length === 0 ? [] : [row];
  });
  return [
    toolTable(everyday),
    '',
    `| Area | For | All ${tools.length} tools |`,
    '|---|---|---|',
    ...areas,
  ].join('\n');
}

/** One row per tool: name, what it does, kind, command. */
export function toolTable(tools: readonly Tool[]): string {
  const rows = tools.map(
    (tool) => `| \`${tool.name}\` | ${tool.summary} | ${tool.kind} | \`${commandName(tool)}\` |`,
  );
  return ['| Tool | What it does | Kind | Command |', '|---|---|---|---|', ...rows].join('\n');
}
