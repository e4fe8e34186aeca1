import * as z from 'zod';
import { SUITES } from '../../routing/benchmark-task.ts';
import { benchmark, benchmarkInput, benchmarkResult } from '../benchmark.ts';
import { defineTool } from '../define.ts';

export default defineTool({
  name: 'cc_benchmark_suite',
  area: 'profiles',
  kind: 'launch',
  summary:
    'Compare profiles on a suite of graded benchmark tasks; a plan with its cost unless execute.',
  input: z.strictObject({
    suite: z.enum(SUITES).optional().describe('Default all.'),
    profiles: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(20)
      .optional()
      .describe('Ids or names; default the one that would be picked.'),
    ...benchmarkInput,
  }),
  output: benchmarkResult,
  handler: (input, context) =>
    benchmark(
      {
        profiles: input.profiles,
        model: undefined,
        suite: input.suite,
        task: undefined,
        repeat: input.repeat ?? 1,
        budget: input.budget ?? {},
      },
      input,
      context,
    ),
});
