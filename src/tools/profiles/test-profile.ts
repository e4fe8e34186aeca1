import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import {
  type AgedVerdict,
  type Capabilities,
  capabilitiesOf,
  PROBES,
  type Probe,
  type ProbeVerdict,
  REQUIRED,
} from '../../routing/capabilities.ts';
import { defineTool } from '../define.ts';
import { model } from '../fields.ts';
import { BRIEF } from '../schema.ts';

const loadTest = /* @__PURE__ */ lazy(() => import('../../probe/test-profile.ts'));
const loadPlan = /* @__PURE__ */ lazy(() => import('../../probe/plan.ts'));
const loadSubject = /* @__PURE__ */ lazy(() => import('../../probe/subject.ts'));

const WALL_SECONDS = { quick: 60, full: 240 } as const;

const probe = z.object({
  name: z.string(),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  evidence: z.string(),
  fix: z.string().optional(),
  value: z.number().optional(),
  age_days: z.number().optional(),
  stale: z.literal(true).optional(),
  /** What an earlier test had shown where this one could not tell. */
  earlier: z.object({ verdict: z.string(), age_days: z.number() }).optional(),
});

export default defineTool({
  name: 'cc_test_profile',
  area: 'profiles',
  kind: 'launch',
  summary:
    'Test what a profile can do (auth, stream, tools, schema, thinking, tokens, price) before work is routed to it.',
  input: z.strictObject({
    profile: z.string().max(200).describe('Id or name.'),
    model,
    level: z
      .enum(['quick', 'full'])
      .optional()
      .describe('full: thinking, and within the budget a long prompt.'),
    budget: z
      .strictObject({
        wall_seconds: z.int().min(10).max(1800).optional(),
        max_tokens: z.int().min(1000).max(10_000_000).optional(),
        max_usd: z.number().positive().optional(),
      })
      .optional()
      .describe('Caps:')
      .meta(BRIEF),
    dry_run: z.boolean().optional().describe('Only cost and known verdicts.'),
  }),
  output: z.object({
    /** Everything a worker cannot do without has been shown to work. */
    ok: z.boolean().optional(),
    profile: z.string(),
    name: z.string(),
    model: z.string(),
    level: z.string(),
    tested: z.string().optional(),
    age_days: z.number().optional(),
    worker_version: z.string().optional(),
    seconds: z.number().optional(),
    /** USD is null where the price is not known. */
    cost: z.object({ tokens: z.number(), usd: z.number().nullable() }).optional(),
    /** The cost is a lower bound. */
    cost_complete: z.literal(false).optional(),
    would_use: z
      .object({
        conversations: z.array(z.string()),
        usual_tokens: z.number(),
        most_tokens: z.number(),
        usual_usd: z.number().nullable(),
        long_prompt_tokens: z.number().optional(),
        no_long_prompt_because: z.string().optional(),
      })
      .optional(),
    probes: z.array(probe).optional(),
  }),
  failed: ({ ok }) => ok === false,
  handler: async (input, { host, signal, progress }) => {
    const [{ findSubject }, { planTest, usdOf }, { testProfile }] = await Promise.all([
      loadSubject(),
      loadPlan(),
      loadTest(),
    ]);
    const level = input.level ?? 'quick';
    const subject = await findSubject(host, input);
    const { wall_seconds, max_tokens, max_usd } = input.budget ?? {};
    const caps = { maxTokens: max_tokens, maxUsd: max_usd };
    const plan = planTest(level, caps, subject);
    const { profile } = subject;
    const about = { profile: profile.id, name: profile.name, model: subject.model, level };
    const known = await capabilitiesOf(host.home, profile, subject.model, {
      now: host.clock.now(),
    });
    if (input.dry_run) {
      const { longTokens, noLongBecause, usual } = plan;
      return {
        ...about,
        would_use: {
          conversations: plan.tasks,
          usual_tokens: usual.input + usual.output,
          most_tokens: plan.mostTokens,
          usual_usd: usdOf(usual, subject.price),
          ...(longTokens === undefined ? {} : { long_prompt_tokens: longTokens }),
          ...(noLongBecause === undefined ? {} : { no_long_prompt_because: noLongBecause }),
        },
        ...(known === undefined ? {} : stored(known)),
      };
    }
    const timeoutMs = (wall_seconds ?? WALL_SECONDS[level]) * 1000;
    const result = await testProfile(host, subject, { plan, caps, timeoutMs, signal, progress });
    return {
      ok: isFit(result.probes),
      ...about,
      tested: result.tested,
      worker_version: result.worker_version,
      seconds: result.seconds,
      cost: result.cost,
      ...(result.cost_complete ? {} : { cost_complete: false as const }),
      probes: PROBES.map((name) => fresh(name, result.probes[name], known?.probes[name])),
    };
  },
});

function isFit(probes: Partial<Record<Probe, ProbeVerdict>>): boolean {
  return REQUIRED.every((name) => probes[name]?.verdict === 'pass');
}

function stored({ tested, age_days, probes }: Capabilities) {
  const verdicts = PROBES.flatMap((name) => {
    const verdict = probes[name];
    if (verdict === undefined) return [];
    const { age_days: days, stale } = verdict;
    return [
      { ...shown(name, verdict), age_days: days, ...(stale ? { stale: true as const } : {}) },
    ];
  });
  return { tested, age_days, probes: verdicts };
}

function fresh(name: Probe, verdict: ProbeVerdict, before: AgedVerdict | undefined) {
  const told = shown(name, verdict);
  if (verdict.verdict !== 'unknown' || before === undefined || before.verdict === 'unknown') {
    return told;
  }
  return { ...told, earlier: { verdict: before.verdict, age_days: before.age_days } };
}

function shown(name: Probe, { verdict, evidence, fix, value }: ProbeVerdict) {
  return {
    name,
    verdict,
    evidence,
    ...(fix === undefined ? {} : { fix }),
    ...(value === undefined ? {} : { value }),
  };
}
