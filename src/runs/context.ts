import { isListedClaudeModel } from '../profiles/claude-models.ts';
import type { Progress } from './progress.ts';
import type { RunRecord } from './record.ts';

export type ContextShare = {
  /** Tokens the model was last given to read, and how many it can keep in mind. */
  used: number;
  window: number;
  share: number;
  /** Shares at which the worker is warned, and at which it hands over to a fresh session. */
  warn: number;
  rotate: number;
};

/** How full the context of the present session is; undefined before the first model call. */
export function contextShare(
  progress: Progress,
  planned: RunRecord['context_window'],
): ContextShare | undefined {
  if (planned === undefined || progress.context === 0) return undefined;
  const window = knownWindow(progress, planned);
  const { warn, rotate } = planned;
  return { used: progress.context, window, share: progress.context / window, warn, rotate };
}

/** The CLI's own figure counts only for models it knows; for others it is invented (DESIGN §4 "Usage"). */
function knownWindow(
  { windows, ready }: Progress,
  planned: { tokens: number; source: string },
): number {
  const model = ready?.model;
  if (planned.source !== 'claude' || model === undefined) return planned.tokens;
  return isListedClaudeModel(model) ? (windows[model] ?? planned.tokens) : planned.tokens;
}
