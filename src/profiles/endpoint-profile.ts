import { accountOf } from './account.ts';
import { shownAddress } from './address.ts';
import type { Candidate } from './candidate.ts';
import { Credentials, type Variables } from './credentials.ts';
import type { Assessment } from './endpoint.ts';
import { contextWindowFrom, modelsFrom } from './models.ts';
import type { Profile } from './profile.ts';
import { secretsIn } from './secrets.ts';
import { cloudEnv, directEnv, withKnownWindow } from './worker-env.ts';

/** What a source knows about a profile besides its variables. */
type Identity = Pick<Profile, 'id' | 'name' | 'source' | 'current'> &
  Partial<Pick<Profile, 'price' | 'cost_multiplier' | 'login_state' | 'warnings'>>;

/** A profile made of variables and what was judged about them. `raw` is searched for secrets. */
export function endpointCandidate(
  identity: Identity,
  variables: Variables,
  assessment: Assessment,
  raw: unknown,
  fallbackModel?: string,
): Candidate {
  const env = workerEnv(variables, assessment);
  const models = modelsFrom(env, fallbackModel);
  const window = contextWindowFrom(env, models);
  const address =
    assessment.kind === 'login' ? undefined : shownAddress(env.ANTHROPIC_BASE_URL ?? '');
  const profile: Profile = {
    ...identity,
    kind: assessment.kind,
    usable: assessment.usable,
    ...(assessment.reason === undefined ? {} : { reason: assessment.reason }),
    auth: assessment.auth,
    ...(assessment.usable ? { account: accountOf(assessment.kind, env) } : {}),
    ...(address === undefined ? {} : { base_url: address }),
    models,
    ...(window === undefined ? {} : { context_window: window }),
    warnings: [...(identity.warnings ?? []), ...assessment.warnings],
  };
  return {
    profile,
    credentials: () => new Credentials(env, [...new Set([...secretsIn(raw), ...secretsIn(env)])]),
  };
}

function workerEnv(variables: Variables, assessment: Assessment): Variables {
  if (assessment.kind === 'login') return {};
  if (assessment.kind === 'cloud') return cloudEnv(variables);
  return directEnv(withKnownWindow(variables));
}
