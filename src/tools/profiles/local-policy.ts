import * as z from 'zod';
import { isoTime } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { lookUpProfile } from '../../profiles/lookup.ts';
import { readHealth } from '../../routing/health-store.ts';
import { accountKey } from '../../routing/keys.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { editPolicy } from '../../workspace/policy-edit.ts';
import { defineTool } from '../define.ts';
import { model, profile, role } from '../fields.ts';
import { policyEditView } from './policy-edit-view.ts';

export default defineTool({
  name: 'cc_local_policy',
  area: 'profiles',
  // It changes the user's own policy: clients are to ask first.
  kind: 'destructive',
  summary:
    'The routing policy in force: preferences, provider constraints, cooldowns; sets the preferred profile or model of a role.',
  input: z.strictObject({
    role,
    profile,
    model,
    clear: z.boolean().optional().describe("Forget the role's preference."),
    apply: z.boolean().optional().describe('Store it; default only a preview.'),
  }),
  output: z.object({
    path: z.string(),
    preferred: z.record(z.string(), z.unknown()),
    routing: z.record(z.string(), z.unknown()),
    cooldowns: z.array(
      z.object({
        /** Profiles, or one profile and model. */
        of: z.string(),
        class: z.string(),
        until: z.string(),
        in_a_row: z.number(),
      }),
    ),
    change: policyEditView.optional(),
  }),
  handler: async (input, { host }) => {
    const change = await changeOf(input, host);
    const policy = await readPolicy(host.home);
    return {
      path: host.home.policy,
      preferred: policy.preferred,
      routing: policy.routing,
      cooldowns: await cooldownsOf(host),
      ...compact({ change }),
    };
  },
});

type Input = {
  role?: string | undefined;
  profile?: string | undefined;
  model?: string | undefined;
  clear?: boolean | undefined;
  apply?: boolean | undefined;
};

async function changeOf({ role: which, apply = false, clear, ...wish }: Input, host: Host) {
  const isSet = wish.profile !== undefined || wish.model !== undefined;
  if (!isSet && !clear) return undefined;
  if (which === undefined || (isSet && clear)) {
    throw new CcError('BAD_INPUT', 'A preference is set or cleared for one role.', {
      hint: 'Pass role with profile and/or model to set it, or role with clear: true.',
    });
  }
  const { profiles } = await listProfiles(profileHostOf(host));
  const id = wish.profile === undefined ? undefined : lookUpProfile(profiles, wish.profile).id;
  const value = clear ? undefined : compact({ profile: id, model: wish.model });
  return editPolicy(host.home, host.clock, [{ path: ['preferred', which], value }], apply);
}

/** By the profiles a person knows; an account that none has any more is left out. */
async function cooldownsOf(host: Host) {
  const [{ failures }, { profiles }] = await Promise.all([
    readHealth(host.home),
    listProfiles(profileHostOf(host)),
  ]);
  return failures.flatMap((entry) => {
    const holders = profiles.filter((one) => accountKey(one) === entry.key).map(({ id }) => id);
    const of = entry.scope === 'model' ? entry.key.replace('\n', ' ') : holders.join(', ');
    if (of === '') return [];
    const until = isoTime(new Date(entry.until));
    return [{ of, class: entry.class, until, in_a_row: entry.count }];
  });
}
