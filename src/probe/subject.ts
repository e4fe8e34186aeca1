import { join } from 'node:path';
import { createByteRedactor, createRedactor, type Redactor } from '../core/redact.ts';
import { allowedEnvironment } from '../proc/env.ts';
import { isKnownToClaude } from '../profiles/claude-models.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { listProfiles } from '../profiles/list.ts';
import { contextWindowFor } from '../profiles/models.ts';
import type { Price } from '../profiles/price.ts';
import { lookUpPrice, priceFor } from '../profiles/prices.ts';
import type { Profile } from '../profiles/profile.ts';
import { resolveCredentials } from '../profiles/resolve-credentials.ts';
import { pickProfile } from '../routing/pick.ts';
import { requireClaude } from '../workers/claude/locate.ts';
import type { Host } from '../workspace/host.ts';
import { readPolicy } from '../workspace/policy.ts';
import type { ProbeWorker } from './conversation.ts';

/** What is tested, chosen and priced by the same rules as for runs. */
export type Subject = {
  profile: Profile;
  model: string;
  price: Price | undefined;
  listed: Price | undefined;
  cliPrice: boolean;
  /** Tokens the model is said to keep in mind; Claude Code's own figure counts for its own models only. */
  window: number | undefined;
};

const CLAUDE_WINDOW = 200_000;

export async function findSubject(
  host: Host,
  wanted: { profile: string; model?: string | undefined },
): Promise<Subject> {
  const { profiles, prices } = await listProfiles(profileHostOf(host));
  const { profile, model } = pickProfile(
    { profile: wanted.profile, ...(wanted.model === undefined ? {} : { model: wanted.model }) },
    profiles,
  );
  const isClaude = isKnownToClaude(model, profile.kind);
  return {
    profile,
    model,
    price: priceFor(profile, model, prices),
    listed: lookUpPrice(model, prices),
    cliPrice: profile.source === 'official' && isClaude,
    window: contextWindowFor(profile, model) ?? (isClaude ? CLAUDE_WINDOW : undefined),
  };
}

/** The worker that a run with this profile would get, and a redactor for whatever it brings to light. */
export async function prepareWorker(
  host: Host,
  { profile, model }: Subject,
): Promise<{ worker: ProbeWorker; hide: Redactor }> {
  const policy = await readPolicy(host.home);
  const [claude, credentials] = await Promise.all([
    requireClaude(host.env, join(host.home.root, 'cache'), policy.claude_path),
    resolveCredentials(profile, profileHostOf(host)),
  ]);
  return {
    worker: {
      path: claude.path,
      version: claude.version,
      env: { ...allowedEnvironment(host.env, policy.env_pass), ...credentials.env },
      model,
      hide: createByteRedactor(credentials.secrets),
      officialLogin: profile.source === 'official',
      tmp: host.env.TMPDIR,
      clock: host.clock,
    },
    hide: createRedactor(credentials.secrets),
  };
}
