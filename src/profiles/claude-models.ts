import type { Profile } from './profile.ts';

// The id shapes Anthropic publishes: `claude-opus-4-8`, `claude-haiku-4-5-20251001`, and the older
// `claude-3-5-sonnet-latest`; Bedrock and Vertex decorate them.
const NEW = /^claude-(?:opus|sonnet|haiku|fable|mythos)-\d{1,2}(?:-\d{1,2})?(?:-\d{8})?$/;
const OLD = /^claude-\d(?:-\d)?-(?:opus|sonnet|haiku)(?:-(?:\d{8}|latest))?$/;
const DECORATION = /^(?:[a-z-]+\.)?anthropic\.|-v\d+(?::\d+)?$|\[1m\]$/gi;

/**
 * True for an official id of a Claude model: only for these may the CLI's own cost and context
 * figures be believed. A gateway's spelling (`vendor/claude-sonnet-5`) is not one, its price differs.
 */
export function isListedClaudeModel(model: string): boolean {
  const plain = model.trim().toLowerCase().replace(DECORATION, '').replace('@', '-');
  return NEW.test(plain) || OLD.test(plain);
}

/** The families as the CLI names them; which model each is, the account decides. */
const FAMILY = /^(?:default|sonnet|opus|haiku|fable|opusplan)$/;

/**
 * True where the CLI knows what it runs and what that costs: a listed model, and at the user's own
 * login also a family (`sonnet`). Elsewhere a family is whatever the provider makes of it.
 */
export function isKnownToClaude(model: string, kind: Profile['kind']): boolean {
  if (isListedClaudeModel(model)) return true;
  return kind === 'login' && FAMILY.test(model.trim().toLowerCase().replace(DECORATION, ''));
}
