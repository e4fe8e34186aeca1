import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { defineTool } from '../define.ts';

const loadSelfTest = /* @__PURE__ */ lazy(() => import('../../demo/selftest.ts'));

export default defineTool({
  name: 'cc_mock_stream_test',
  area: 'runs',
  kind: 'launch',
  title: 'Test the installation offline',
  summary:
    'Prove the installation offline: a real worker against an embedded loopback model in a temporary project. Free.',
  aliases: ['cc_selftest'],
  input: z.strictObject({
    timeout_seconds: z
      .int()
      .min(10)
      .max(120)
      .optional()
      .describe('Give up after 10-120 s, default 60.'),
  }),
  output: z.object({
    ok: z.boolean(),
    gates: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
    seconds: z.number(),
  }),
  failed: ({ ok }) => ok !== true,
  handler: async (input, context) => {
    const { selfTest } = await loadSelfTest();
    return selfTest(context.host, {
      timeoutMs: (input.timeout_seconds ?? 60) * 1000,
      signal: context.signal,
      progress: context.progress,
    });
  },
});
