import { join } from 'node:path';
import * as z from 'zod';
import { byteLength } from '../../core/text.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { readCatalog } from '../../routing/catalog-store.ts';
import { gatherEvidence } from '../../routing/gather.ts';
import { routingReport } from '../../routing/report.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { initWorkspace } from '../../workspace/init.ts';
import { managedDir } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_write_strategy_reports',
  area: 'profiles',
  kind: 'write',
  aliases: ['cc_write_reports'],
  summary:
    'Write the routing strategy report (Markdown): what each role gets and why, all models, the policy.',
  input: z.strictObject({ cwd }),
  output: z.object({ path: z.string(), bytes: z.number() }),
  handler: async (input, { host, place }) => {
    const { workspace } = await place(input.cwd);
    const [policy, catalog, { profiles, prices }] = await Promise.all([
      readPolicy(host.home),
      readCatalog(host.home),
      listProfiles(profileHostOf(host)),
    ]);
    const evidence = await gatherEvidence(
      host.home,
      policy.routing,
      prices,
      host.clock.now(),
      profiles,
    );
    const text = routingReport(policy, profiles, evidence, catalog);
    await initWorkspace(workspace, host.home, host.clock);
    const path = join(managedDir(workspace, 'reports'), 'routing.md');
    await writeFileAtomic(path, text);
    return { path, bytes: byteLength(text) };
  },
});
