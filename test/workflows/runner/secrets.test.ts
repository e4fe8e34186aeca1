import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askWorkflow } from '../../../src/workflows/instances/ask.ts';
import { privateWorkflowPaths } from '../../../src/workflows/instances/paths.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();
const TOKEN = 'lab-token-3f9c1e7a5b';

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

it('shows no token of a profile anywhere, and keeps the plan word for word in private', async () => {
  Object.assign(lab.host.env, {
    CC_PROFILE_LAB_BASE_URL: 'http://127.0.0.1:9',
    CC_PROFILE_LAB_AUTH_TOKEN: TOKEN,
    CC_PROFILE_LAB_MODEL: 'm',
  });
  const text = `
description: About ${TOKEN}.
nodes:
  look: { role: research, task: "Look at ${TOKEN}." }
  ok: { type: approval, question: "Is ${TOKEN} fine?", needs: look }
  no: { role: ops, task: No., needs: ok, when: ok.comment == "${TOKEN}" }
`;
  const id = await lab.launch(text, { task: `The task is ${TOKEN}.` });
  const { paths, record } = await lab.find(id);
  expect(record.task).toBe('The task is [redacted].');
  await lab.until(
    async () => (await lab.now(id)).instance.state === 'waiting_approval' || undefined,
    'it to ask',
  );
  const ask = { kind: 'approve', decision: 'approved', comment: `yes, ${TOKEN}` } as const;
  await askWorkflow(lab.host, await lab.find(id), ask, { from: 'me' });
  const now = await lab.over(id);
  expect(JSON.stringify(now)).not.toContain(TOKEN);
  const shown = readdirSync(paths.dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(shown.length).toBeGreaterThan(5);
  for (const file of shown) expect(readFileSync(file, 'utf8'), file).not.toContain(TOKEN);
  const own = privateWorkflowPaths(lab.host.home, id);
  expect(readFileSync(own.plan, 'utf8')).toContain(TOKEN);
  expect(readFileSync(own.task, 'utf8')).toContain(TOKEN);
});
