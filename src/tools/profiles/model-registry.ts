import * as z from 'zod';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { catalogModel } from '../../routing/catalog.ts';
import { isStale, readCatalog, refreshCatalog } from '../../routing/catalog-store.ts';
import { gatherEvidence } from '../../routing/gather.ts';
import { registryRows } from '../../routing/registry.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { defineTool } from '../define.ts';

const from = z.string();
const FOUND = 30;

export default defineTool({
  name: 'cc_model_registry',
  area: 'profiles',
  kind: 'write',
  title: 'Model registry: list models',
  summary:
    'Registry of models: price, context window, features, history, trust, and where each fact comes from. Refreshes the catalogue.',
  input: z.strictObject({
    refresh: z.boolean().optional().describe('Fetch the catalogue now.'),
    search: z.string().max(100).optional().describe('Find in the catalogue.'),
  }),
  output: z.object({
    models: z.array(
      z.object({
        model: z.string(),
        profile: z.string(),
        price: z.object({ input: z.number(), output: z.number(), from }).optional(),
        context_window: z.object({ tokens: z.number(), from }).optional(),
        supports: z.object({ what: z.array(z.string()), from }).optional(),
        benchmarks: z
          .array(
            z.object({ suite: z.string(), score: z.number(), n: z.number(), date: z.string() }),
          )
          .optional(),
        history: z
          .object({
            runs: z.number(),
            succeeded: z.number(),
            ms_per_call: z.number().optional(),
          })
          .optional(),
        trust: z.string(),
        cooldown: z.string().optional(),
      }),
    ),
    found: z.array(catalogModel).optional(),
    catalog: z
      .object({
        source: z.string(),
        fetched: z.string(),
        next: z.string(),
        stale: z.boolean(),
        models: z.number(),
        skipped: z.number(),
        /** False where it was fetched too recently to be asked for again. */
        refreshed: z.boolean().optional(),
      })
      .optional(),
  }),
  maxBytes: 24_000,
  handler: async (input, { host, signal }) => {
    const policy = await readPolicy(host.home);
    const now = host.clock.now();
    const refreshed = input.refresh
      ? await refreshCatalog(host.home, policy.routing.catalog, now, signal)
      : undefined;
    const catalog = refreshed?.catalog ?? (await readCatalog(host.home));
    const { profiles, prices } = await listProfiles(profileHostOf(host));
    const evidence = await gatherEvidence(host.home, policy.routing, prices, now, profiles);
    const text = input.search?.trim().toLowerCase();
    return {
      models: registryRows(profiles, evidence, catalog, policy.routing),
      ...(text === undefined
        ? {}
        : {
            found: (catalog?.models ?? []).filter(({ id }) => id.includes(text)).slice(0, FOUND),
          }),
      ...(catalog === undefined
        ? {}
        : {
            catalog: {
              source: catalog.source,
              fetched: catalog.fetched,
              next: catalog.next,
              stale: isStale(catalog, now),
              models: catalog.models.length,
              skipped: catalog.skipped,
              ...(refreshed === undefined ? {} : { refreshed: refreshed.fetched }),
            },
          }),
    };
  },
});
