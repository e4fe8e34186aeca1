/**
 * What a controller reads before it sees any tool. Codex shows only the first 250 characters of the
 * first line and finds the rest by words (codex-cli.md A3), so that line says what this is and when
 * to use it. Codex indexes all of it with every tool: a word that stands here tells tools no longer
 * apart, so the words tools are looked for by (worker, agent, wait, stop, diff, cost, …) do not.
 */
const FIRST_LINE =
  'Delegate coding work to cheap Claude Code instances while you plan and judge. Use for parts that are well described and easy to confirm: searching, reviewing, testing, mechanical edits, several at once. Read-only unless allow_write.';

const REST = `Begin with cc_run_streaming_agent (cc_run_agent for something short), then cc_wait_runs with its cursor, not a loop; then cc_summarize_run, cc_last_run, cc_git_diff.
A report is a claim, and "succeeded" means ended well, not right: cc_verify_run.
Writing needs allow_write: true and a scope {paths: globs, commands: exact}. Give every fact needed. cc_send_instruction corrects or goes on; on waiting_answer cc_answer_question.`;

export const INSTRUCTIONS = `${FIRST_LINE}\n${REST}`;
