import { compact } from '../core/json.ts';
import { accountOf } from './account.ts';
import { shownAddress } from './address.ts';
import { type Candidate, candidateOf } from './candidate.ts';
import { Credentials, type Variables } from './credentials.ts';
import type { Assessment } from './endpoint.ts';
import { contextWindowFrom, modelsFrom } from './models.ts';
import type { Profile } from './profile.ts';
import { secretsIn } from './secrets.ts';
import { cloudEnv, directEnv, usableToken, withKnownWindow } from './worker-env.ts';

/** What a source knows about a profile besides its variables. */
type Identity = Pick<Profile, 'id' | 'name' | 'source' | 'current'> &
  Partial<
    Pick<Profile, 'price' | 'prices' | 'cost_multiplier' | 'limits' | 'login_state' | 'warnings'>
  >;

/** What a profile is made of. */
export type EndpointParts = {
  variables: Variables;
  assessment: Assessment;
  /** Searched for secrets. */
  raw: unknown;
  /** Where a variable was found, in words. */
  origin: (variable: string) => string;
  /** The command that prints the token. */
  tokenFrom?: string | undefined;
  /** The `model` key of a settings file. */
  fallbackModel?: string | undefined;
};

/** A profile made of variables and what was judged about them. */
export function endpointCandidate(identity: Identity, parts: EndpointParts): Candidate {
  const { assessment, raw } = parts;
  const env = workerEnv(parts.variables, assessment);
  const models = modelsFrom(env, parts.fallbackModel);
  const window = contextWindowFrom(env, models);
  const address =
    assessment.kind === 'login' ? undefined : shownAddress(env.ANTHROPIC_BASE_URL ?? '');
  const profile: Profile = {
    ...identity,
    kind: assessment.kind,
    usable: assessment.usable,
    ...(assessment.reason === undefined ? {} : { reason: assessment.reason }),
    auth: assessment.auth,
    ...(assessment.usable ? { account: accountOf(assessment.kind, env, parts.tokenFrom) } : {}),
    ...(address === undefined ? {} : { base_url: address }),
    models,
    ...(window === undefined ? {} : { context_window: window }),
    provenance: provenanceOf(env, parts),
    warnings: [...(identity.warnings ?? []), ...assessment.warnings],
  };
  return candidateOf(
    profile,
    new Credentials(env, [...new Set([...secretsIn(raw), ...secretsIn(env)])]),
  );
}

function workerEnv(variables: Variables, assessment: Assessment): Variables {
  if (assessment.kind === 'login') return {};
  if (assessment.kind === 'cloud') return cloudEnv(variables);
  return directEnv(withKnownWindow(variables));
}

function provenanceOf(
  env: Variables,
  { variables, origin, fallbackModel }: EndpointParts,
): NonNullable<Profile['provenance']> {
  const found = (name: string | undefined) =>
    name !== undefined && env[name] !== undefined ? origin(name) : undefined;
  const window = 'CLAUDE_CODE_MAX_CONTEXT_TOKENS';
  return compact({
    base_url: found('ANTHROPIC_BASE_URL'),
    token: found(usableToken(env)?.name),
    default_model:
      found('ANTHROPIC_MODEL') ?? (fallbackModel === undefined ? undefined : origin('model')),
    context_window:
      env[window] !== undefined && variables[window] === undefined
        ? 'built in for this address'
        : found(window),
  });
}
