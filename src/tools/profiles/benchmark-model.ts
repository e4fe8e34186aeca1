import * as z from 'zod';
import { benchmark, benchmarkInput, benchmarkResult } from '../benchmark.ts';
import { defineTool } from '../define.ts';
import { model, profile } from '../fields.ts';

export default defineTool({
  name: 'cc_benchmark_model',
  area: 'profiles',
  kind: 'launch',
  title: 'Benchmark',
  summary: 'Benchmark one model on graded tasks; a plan with its cost unless execute.',
  input: z.strictObject({
    profile,
    model,
    task: z.string().max(64).optional().describe('Default all.'),
    ...benchmarkInput,
  }),
  output: benchmarkResult,
  handler: (input, context) =>
    benchmark(
      {
        profiles: input.profile === undefined ? undefined : [input.profile],
        model: input.model,
        suite: undefined,
        task: input.task,
        repeat: 1,
        budget: input.budget ?? {},
      },
      input,
      context,
    ),
});
