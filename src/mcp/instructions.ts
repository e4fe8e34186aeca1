/**
 * What a controller reads before it sees any tool. Codex shows only the first 250 characters of the
 * first line and finds the rest by words (codex-cli.md A3), so that line says what this is and when
 * to use it.
 */
const FIRST_LINE =
  'Delegate coding work to cheap Claude Code worker agents: run/start a worker on a task, wait, poll progress, stop, read its answer, diff and cost, list and pick model profiles. Read-only unless allow_write.';

const REST = `Start with cc_run_streaming_agent (or cc_run_agent to wait for a short task), then cc_wait_runs with its cursor; do not poll in a loop. cc_summarize_run says where a run stands, what looks wrong and what to do next; cc_last_run reads the answer, cc_git_diff the change.
A worker's report is a claim: state "succeeded" means the worker ended well, not that its work is right. Check the diff and run the tests yourself.
For changes pass allow_write: true and a scope: path globs, and the exact shell commands it may run. Give a task all facts it needs. cc_send_instruction steers a running worker or resumes a finished one; waiting_answer means it asks: cc_answer_question.`;

export const INSTRUCTIONS = `${FIRST_LINE}\n${REST}`;
