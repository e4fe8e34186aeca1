import { isKnownToClaude } from '../profiles/claude-models.ts';
import { contextWindowFor } from '../profiles/models.ts';
import type { Choice } from '../routing/choose.ts';
import { windowOf } from '../routing/components.ts';

/** Where nothing tells, a small window is assumed: a handover too early costs less than one too late. */
const ASSUMED_WINDOW = 128_000;
/** Until the CLI, which knows its own models, has told. */
const CLAUDE_WINDOW = 200_000;

/** How many tokens the chosen model can keep in mind, and who says so. */
export function contextWindow({ pick: { profile, model }, evidence }: Choice): {
  tokens: number;
  source: string;
} {
  const known = contextWindowFor(profile, model);
  if (known !== undefined) return { tokens: known, source: 'profile' };
  if (isKnownToClaude(model, profile.kind)) return { tokens: CLAUDE_WINDOW, source: 'claude' };
  const listed = windowOf(profile, model, evidence);
  if (listed !== undefined) return { tokens: listed, source: 'catalog' };
  return { tokens: ASSUMED_WINDOW, source: 'assumed' };
}
