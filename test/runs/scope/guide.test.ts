import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/core/json.ts';
import type { Sandbox } from '../../../src/proc/sandbox.ts';
import { postureOf } from '../../../src/runs/scope/posture.ts';
import { planScope } from '../../../src/runs/scope/request.ts';
import { PROTECTED_NAMES } from '../../../src/workers/claude/protected-paths.ts';
import { parsePolicy } from '../../../src/workspace/policy.ts';

const GUIDE = readFileSync(
  fileURLToPath(new URL('../../../docs/safety.md', import.meta.url)),
  'utf8',
);

function block(kind: string): string {
  return new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(GUIDE)?.[1] ?? '';
}

test('the guide explains every line that a posture can have, and no other', () => {
  const told = [...GUIDE.matchAll(/^\| `([^`]+)` \|/gm)].map(([, line]) => line);
  const bwrap: Sandbox = { kind: 'bubblewrap', file: '/b', flags: [] };
  const lines = [bwrap, { kind: 'none', why: 'x' } as const].flatMap((sandbox) =>
    postureOf({
      scope: { paths: ['src/*.ts'], commands: ['*'] },
      sandbox,
      reach: { writable: ['/p/src'], files: [], readOnly: [], missing: [], coarse: ['/p/src'] },
      root: '/p',
      opened: ['/c'],
      officialLogin: true,
    }).blind.map((line) => line.slice(0, line.indexOf(':'))),
  );
  expect(new Set(told)).toEqual(new Set(lines));
});

test('what the guide shows is valid, and what it calls protected is', async () => {
  const policy = await parsePolicy(block('yaml'), 'docs/safety.md');
  expect(policy.permissions.testing?.tools).toEqual(['!NotebookEdit']);
  const scope = parseJson(block('json')) as { paths: string[] };
  const rules = {
    role: 'implementation',
    policy: await parsePolicy('', ''),
    sandbox: { kind: 'none', why: 'x' },
  } as const;
  const planned = planScope({ allowWrite: true, scope }, { cwd: '/p', root: '/p' }, rules);
  expect(planned).toEqual(scope);
  for (const name of PROTECTED_NAMES) expect(GUIDE).toContain(`\`${name}\``);
});
