import * as z from 'zod';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { proposePreferences } from '../../routing/calibrate.ts';
import { gatherEvidence } from '../../routing/gather.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { editPolicy } from '../../workspace/policy-edit.ts';
import { defineTool } from '../define.ts';
import { policyEditView } from './policy-edit-view.ts';

const preference = z.object({ profile: z.string().optional(), model: z.string().optional() });

export default defineTool({
  name: 'cc_calibrate_policy',
  area: 'profiles',
  // It changes the user's own policy: clients are to ask first.
  kind: 'destructive',
  aliases: ['cc_write_auto_policy'],
  summary:
    'Calibrate the routing policy: propose preferred profile and model by role from how runs ended; stores them with a backup.',
  input: z.strictObject({
    apply: z.boolean().optional().describe('Store them; default only a preview.'),
  }),
  output: policyEditView.extend({
    proposals: z.array(
      z.object({
        role: z.string(),
        from: preference.optional(),
        to: z.object({ profile: z.string(), model: z.string() }),
        why: z.string(),
      }),
    ),
  }),
  handler: async ({ apply = false }, { host }) => {
    const policy = await readPolicy(host.home);
    const { profiles, prices } = await listProfiles(profileHostOf(host));
    const evidence = await gatherEvidence(
      host.home,
      policy.routing,
      prices,
      host.clock.now(),
      profiles,
    );
    const proposals = proposePreferences(policy, profiles, evidence);
    const changes = proposals.map(({ role, to }) => ({ path: ['preferred', role], value: to }));
    return { proposals, ...(await editPolicy(host.home, host.clock, changes, apply)) };
  },
});
