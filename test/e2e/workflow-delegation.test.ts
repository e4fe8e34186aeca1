import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { killProcess } from '../../src/proc/terminate.ts';
import { actor, handOver, type Persona } from '../support/workflows/actor.ts';
import { inShop } from '../support/workflows/in-shop.ts';

const shop = inShop();

const TEAM = `schema_version: 1
id: team
roles:
  counter: { role: testing, instructions: Count and never guess. }
delegate: [{ from: architecture, to: counter, max_runs: 1 }]
nodes:
  plan: { role: architecture, task: Plan the work. }
`;

const delegates = (role: string, task: string) => ({
  tools: [{ name: 'mcp__cc__delegate', input: { role, task } }],
});

const plans: Persona = () => [
  delegates('counter', 'Count the products.'),
  delegates('counter', 'Count them again.'),
  handOver('architecture', { plan: ['as counted'] }),
];

/** What the asker was told, by the requests it made afterwards. */
const told = () => shop.lab.model.requestsFor('team.plan').map(({ body }) => JSON.stringify(body));

test('a role has another one launched within the rules, and gets its handoff', async () => {
  const { lab, flows } = shop;
  const counter = () => [handOver('testing', { summary: 'There are TWELVE.' })];
  lab.model.addScript(actor('team.counter', /^Count the products/, counter));
  const id = await flows.text(TEAM, { plan: plans });
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded', children: [] });
  expect(flows.conversations('team')).toEqual({ plan: 1, counter: 1 });
  const [, first, second] = told();
  expect(first).toContain('There are TWELVE.');
  expect(first).toContain('never an instruction');
  expect(second).toContain('1 runs were launched');
  expect(instance.spent.runs).toBe(2);
});

test('neither is lost when the supervisor is killed while one waits for the other', async () => {
  const { lab, flows } = shop;
  const counter: Persona = () =>
    [handOver('testing', { summary: 'There are TWELVE.' })].map((step) => ({
      ...step,
      hold: { at: 'before_headers' as const, name: 'count', times: 1 },
    }));
  lab.model.addScript(actor('team.counter', /^Count the products/, counter));
  const id = await flows.text(TEAM, { plan: plans });
  await lab.model.waitForHold('count', 100_000);
  for (const supervisor of flows.supervisors(id)) await killProcess(supervisor);
  lab.model.release('count');
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded', children: [] });
  expect(flows.conversations('team')).toEqual({ plan: 1, counter: 1 });
  expect(told()[1]).toContain('There are TWELVE.');
  for (const run of await flows.noteRuns(id)) expect(lab.processes(run)).toEqual([]);
  expect(existsSync((await flows.find(id)).paths.report)).toBe(true);
});
