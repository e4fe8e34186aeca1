import type { FailureClass } from '../core/vocabulary.ts';

/** A failure of the model service: its class, whether trying again may help, and what to do. */
export type KnownFailure = { class: FailureClass; retryable: boolean; hint: string };

export const KNOWN = {
  context: {
    class: 'context_overflow',
    retryable: false,
    hint: 'Give the task to a model with a larger context window, or split it.',
  },
  billing: {
    class: 'billing',
    retryable: false,
    hint: 'Top up this provider, or use another profile.',
  },
  auth: {
    class: 'auth_failed',
    retryable: false,
    hint: 'The provider refused the key. Correct it where the profile is kept, or use another profile.',
  },
  rate: { class: 'rate_limited', retryable: true, hint: 'Wait, or use another profile.' },
  overload: {
    class: 'provider_overload',
    retryable: true,
    hint: 'The provider is overloaded. Start it again later, or use another profile.',
  },
  capability: {
    class: 'provider_capability',
    retryable: false,
    hint: 'The provider does not know this model or feature. Pass another model or profile.',
  },
  invalid: {
    class: 'invalid_output',
    retryable: true,
    hint: 'The model could not keep to the format of its tools. Try another model.',
  },
  network: {
    class: 'network',
    retryable: true,
    hint: 'The provider could not be reached. Check its address and your network or proxy.',
  },
} as const satisfies Record<string, KnownFailure>;

/** What to do about everything else. */
export const HINTS = {
  launch: 'Run `cc-orchestrator healthcheck` to see what is missing.',
  route:
    'Something outside the profile decides how workers reach the model: managed settings of Claude Code, or a wrapper in the place of `claude`. Remove it, or use another profile.',
  no_output: 'The model service never answered; check the profile.',
  stalled: 'Start it again; if it stalls again, try another profile.',
  interrupted: 'Something else interrupted the worker. Start it again.',
  memory:
    'Usually the machine ran out of memory. Free some or run fewer workers at once, then start it again.',
  unsupported:
    'This Claude Code does not enforce our permission hook. Update it to 2.1.329 or newer.',
};
