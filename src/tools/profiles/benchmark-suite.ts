import * as z from 'zod';
import { SUITES } from '../../routing/benchmark-task.ts';
import { benchmark, benchmarkInput, benchmarkResult } from '../benchmark.ts';
import { defineTool } from '../define.ts';

export default defineTool({
  name: 'cc_benchmark_suite',
  area: 'profiles',
  kind: 'launch',
  summary: 'Compare profiles on a suite of graded benchmark tasks; a plan unless execute.',
  input: z.strictObject({
    suite: z.string().max(40).pipe(z.enum(SUITES)).optional().describe(SUITES.join(', ')),
    repeat: z.int().min(1).max(10).optional(),
    profiles: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(20)
      .optional()
      .describe('Ids or names.'),
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
