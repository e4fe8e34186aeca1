import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { dayOf } from '../../runs/usage/log.ts';
import { readUsage } from '../../runs/usage/read.ts';
import { PATTERNS, patternOf } from '../../workflows/propose/pattern.ts';
import { projectFacts } from '../../workflows/propose/project-facts.ts';
import { writeProposal } from '../../workflows/propose/write-proposal.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { type NodeRouter, nodeRoute, nodeRouter, routesOf } from './node-routes.ts';
import { otherReviewer } from './other-reviewer.ts';
import { nextCall } from './status-shape.ts';

const loadPropose = /* @__PURE__ */ lazy(() => import('../../workflows/propose/propose.ts'));
const loadEstimate = /* @__PURE__ */ lazy(() => import('../../workflows/propose/estimate.ts'));
const loadDryRun = /* @__PURE__ */ lazy(() => import('../../workflows/dry-run.ts'));

const DAY_MS = 86_400_000;
const HISTORY_DAYS = 90;

export default defineTool({
  name: 'cc_workflow_plan',
  area: 'workflows',
  kind: 'write',
  summary: 'Propose a workflow file for a task: roles, batches, models, likely cost.',
  input: z.strictObject({
    task: z.string().min(1).max(100_000),
    /** Checked as an enum, published as a string: the names cost more than they tell. */
    pattern: z.string().max(20).pipe(z.enum(PATTERNS)).optional().describe('E.g. bug_fix, audit.'),
    file: z.string().min(1).max(4096).optional().describe('New file to write.'),
    cwd,
  }),
  output: z.object({
    pattern: z.string(),
    why: z.string(),
    file: z.string().optional(),
    /** The YAML, when it was not written. */
    text: z.string().optional(),
    batches: z.array(z.array(z.string())),
    runs: z.object({ once: z.number(), at_most: z.number() }),
    routes: z.array(nodeRoute),
    /** USD; null: not known, and `cost_unknown` says why. */
    cost: z.object({ low: z.number(), high: z.number(), runs: z.number() }).nullable(),
    cost_unknown: z.object({ nodes: z.array(z.string()), why: z.string() }).optional(),
    notes: z.array(z.string()),
    next: nextCall,
  }),
  maxBytes: 16_000,
  handler: async ({ task, pattern: asked, file, cwd: directory }, { host, place }) => {
    const { workspace, cwd: here } = await place(directory);
    const { propose } = await loadPropose();
    const facts = await projectFacts(workspace.root);
    const { pattern, why } =
      asked === undefined ? patternOf(task) : { pattern: asked, why: 'it was asked for' };
    const router = await nodeRouter(host);
    const first = await propose(task, pattern, facts);
    const { pins, note } = otherReviewer(first.plan, first.judges, router);
    const { text, plan } = await propose(task, pattern, facts, pins);
    const { dryRun, agentsOf } = await loadDryRun();
    const { wall_seconds } = router.policy.budget;
    const { batches, runs } = dryRun(plan, { wall_seconds });
    const { routes } = await routesOf(
      host,
      agentsOf(plan).map(({ node }) => node),
      router,
    );
    const { ended } = await readUsage(workspace, ...lastDays(host.clock.now()));
    const { estimateCost } = await loadEstimate();
    const estimate = estimateCost(pricedNodes(agentsOf(plan), router), ended);
    const written =
      file === undefined ? undefined : await writeProposal(workspace.root, here, file, text);
    return {
      pattern,
      why,
      ...(written === undefined ? { text } : { file: written }),
      batches,
      runs,
      routes,
      cost: 'low' in estimate ? estimate : null,
      ...('low' in estimate ? {} : { cost_unknown: estimate }),
      notes: [note, ...notesOn(facts)].filter((one) => one !== ''),
      next: nextStep(written),
    };
  },
});

function nextStep(file: string | undefined) {
  if (file === undefined) {
    const why = 'it is only a proposal; with file it is written, to be read and changed';
    return { tool: 'cc_workflow_plan', input: { file: 'workflows/plan.yaml' }, why };
  }
  const why = 'read and change the file first; then it can be run with the task';
  return { tool: 'cc_workflow_dry_run', input: { file }, why };
}

function notesOn({ tests, isGit }: Awaited<ReturnType<typeof projectFacts>>): string[] {
  return [
    ...(tests === undefined
      ? ['no test command was found, so nothing of ours runs tests: add a command node']
      : []),
    ...(isGit ? [] : ['no git repository: nothing can work in a copy of its own']),
  ];
}

type Agents = ReturnType<Awaited<ReturnType<typeof loadDryRun>>['agentsOf']>;

function pricedNodes(agents: Agents, { pickFor, priceOf }: NodeRouter) {
  return agents.map(({ node, tasks, times }) => {
    const { id, use } = node;
    const route = routeOf();
    const price = route === undefined ? undefined : priceOf(route);
    const { profile, model } = route ?? {};
    return { id, role: use.role, profile: profile?.id, model, price, tasks, times };

    function routeOf() {
      try {
        return pickFor(node);
      } catch {
        return undefined;
      }
    }
  });
}

function lastDays(now: Date): [string, string] {
  return [dayOf(new Date(now.getTime() - HISTORY_DAYS * DAY_MS)), dayOf(now)];
}
