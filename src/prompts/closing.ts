/** Asks a worker whose budget is used up for what it leaves behind. `because` is e.g. `81 of 80 turns`. */
export function wrapUpPrompt(because: string): string {
  return `Your budget is used up (${because}), so this is your last answer. Use no tools. In at most 200 words: what is done, what is not, which files are changed and in which state, what to do next, what is uncertain.`;
}

/** Asks a worker whose context is nearly full to hand over to a fresh session. */
export function handoverPrompt(because: string): string {
  return `Your context is nearly full (${because}). A fresh session will go on with the same task; it knows the task, nothing else. Use no tools. Write its handover:

# Done
# Remaining
# Files (changed or important, with what matters in each)
# Findings and decisions
# Blockers and open questions`;
}

/** Opens the first message of a fresh session after the task itself. */
export function continuation(handover: string): string {
  return `An earlier session of yours worked on this task until its context was full. Go on from its handover; check what matters before you rely on it.\n\n${handover}`;
}

/** A handover from facts alone, where the worker could not write one. */
export function handoverFromFacts(facts: {
  actions: readonly string[];
  lastMessage: string;
}): string {
  const actions = facts.actions.map((action) => `- ${action}`).join('\n') || '- none';
  return `# Done (from the record; the session wrote no handover)\n\n${actions}\n\n# Its last words\n\n${facts.lastMessage || 'none'}`;
}

/** Opens a fresh session that continues a task of which only the outcome is left. */
export function recap(facts: { task: string; outcome: string; answer: string }): string {
  return `This continues an earlier task.\n\n# The earlier task\n\n${facts.task}\n\n# How it ended\n\n${facts.outcome}\n\n# Its final answer\n\n${facts.answer || 'none'}`;
}

/** Said beside a tool result, so that the worker can plan its end. */
export function budgetNote(percent: number, text: string): string {
  return `Budget note from the supervisor: ${percent} % used (${text}). Plan the rest; leave room for your report.`;
}

export function contextNote(percent: number): string {
  return `Note from the supervisor: your context is ${percent} % full. Read only what you need; keep findings in mind for a handover.`;
}
