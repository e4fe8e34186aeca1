import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { steerRun } from '../../src/runs/instruct.ts';
import { CLAUDE, Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Puts a script in the place of Claude Code, as some people's set-up does; it ends with the real one. */
function wrapClaude(script: string): void {
  const path = join(lab.dir, 'claude-wrapper');
  writeFileSync(path, `#!/bin/bash\nset -e\n${script}\n`);
  chmodSync(path, 0o755);
  lab.env.CC_CLAUDE_PATH = path;
}

/** Makes `args` of the arguments, with another model. */
const OTHER_MODEL = `args=("$@"); for i in "\${!args[@]}"; do
  [ "\${args[$i]}" = --model ] && args[$((i+1))]=dear-model-9
done`;

async function refused(): Promise<{ evidence: string[]; requests: number; events: string[] }> {
  const run = await lab.ended(await lab.launch({ task: 'Hi', profile: 'env:lab' }));
  const { outcome } = run.record;
  expect(outcome).toMatchObject({
    state: 'failed',
    failure: { class: 'launch_environment', retryable: false },
    changed_files: null,
  });
  expect(outcome?.failure.hint).toContain('another profile');
  return {
    evidence: outcome?.failure.evidence ?? [],
    requests: lab.model.requests.length,
    events: lab.events(run).map(({ type }) => type),
  };
}

test('a worker that would use another model is ended before it gets its task', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'x' }] }]);
  wrapClaude(`${OTHER_MODEL}\nexec ${CLAUDE} "\${args[@]}"`);
  const { evidence, requests, events } = await refused();
  expect(evidence).toEqual(['asked for lab-model-1, the worker would use dear-model-9']);
  expect(requests).toBe(0);
  expect(events).not.toContain('cc.message.sent');
  const [run] = lab.runs;
  const { outcome } = (await lab.find(run ?? '')).record;
  expect(outcome?.route_mismatch).toEqual({ declared: 'lab-model-1', actual: ['dear-model-9'] });
  expect(outcome?.usage).toMatchObject({ complete: true, tokens: { input: 0, output: 0 } });
});

test('a worker that would sign in with another key is ended before it gets its task', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'x' }] }]);
  wrapClaude(
    `export ANTHROPIC_API_KEY=somebody-elses-key; unset ANTHROPIC_AUTH_TOKEN\nexec ${CLAUDE} "$@"`,
  );
  const { evidence, requests } = await refused();
  expect(evidence.join()).toContain('signs in by auth_token');
  expect(evidence.join()).toContain('key ANTHROPIC_API_KEY');
  expect(requests).toBe(0);
});

test('where only the turn tells the model, the run ends with its first call at the latest', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'x', hold: { at: 'before_headers', name: 'never' } }] },
  ]);
  // A worker that knows no get_settings, as older ones.
  wrapClaude(`${OTHER_MODEL}\nsed -u s/get_settings/get_nothing/ | exec ${CLAUDE} "\${args[@]}"`);
  const { evidence, requests, events } = await refused();
  expect(evidence).toEqual(['asked for lab-model-1, the worker would use dear-model-9']);
  expect(requests).toBeLessThanOrEqual(1);
  expect(events).toContain('cc.worker.ready');
});

test('another spelling and the switch of the controller are no mismatch', async () => {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 's',
    steps: [
      {
        tools: [{ name: 'Read', input: { file_path: lab.path('README.md') } }],
        hold: { at: 'before_headers', name: 'switch' },
      },
      { text: 'done' },
    ],
  });
  lab.writeProfiles(`profiles:
  lab:
    base_url: ${lab.model.url}
    token_env: CC_PROFILE_LAB_AUTH_TOKEN
    models: {default: 'vendor/Lab-Model-20260101[1m]', haiku: lab-model-haiku}
`);
  const run = await lab.launch({ task: 'Read.', profile: 'file:lab' });
  await lab.model.waitForHold('switch');
  const options = { from: 'test', signal: new AbortController().signal };
  expect(await steerRun(lab.host(), run, { model: 'haiku' }, options)).toEqual({
    how: 'running',
    done: ['set_model: asked for lab-model-haiku'],
  });
  lab.model.release('switch');
  const { outcome } = (await lab.ended(run)).record;
  expect(outcome?.state).toBe('succeeded');
  expect(outcome?.route_mismatch).toBeUndefined();
  const models = lab.model.requestsFor('s').map(({ body }) => Object(body).model);
  expect(models[0]).toBe('vendor/Lab-Model-20260101');
  expect(models).toContain('lab-model-haiku');
});
