import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import type { Screen } from '../../src/cli/render.ts';
import { runTool } from '../../src/cli/run-tool.ts';
import { CcError, ERROR_CODES, type ErrorCode } from '../../src/core/errors.ts';
import { defineTool, type Tool } from '../../src/tools/define.ts';
import { machine } from '../mcp/face.ts';

const PLAIN: Screen = { isTTY: false, colour: false };

/** A tool that does what the test says. */
function fake(handler: () => unknown, more: Partial<Tool> = {}): Tool {
  return {
    ...defineTool({
      name: 'cc_fake',
      area: 'runs',
      kind: 'read',
      summary: 'A fake.',
      input: z.strictObject({}),
      output: z.object({}),
      handler: async () => handler() as Record<string, never>,
    }),
    ...more,
  };
}

async function run(tool: Tool, args: string[] = [], screen = PLAIN) {
  const [out, err] = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(() => true),
  );
  try {
    const code = await runTool(tool, args, machine().host, screen);
    const written = (spy: typeof out) => (spy?.mock.calls ?? []).map(([text]) => text).join('');
    return { code, out: written(out), err: written(err) };
  } finally {
    out?.mockRestore();
    err?.mockRestore();
  }
}

const failing = (code: ErrorCode) =>
  fake(() => {
    throw new CcError(code, 'It failed.', { hint: 'Do this.' });
  });

test.each(Object.entries(ERROR_CODES))('%s exits with %i', async (code, exit) => {
  const { code: actual, out, err } = await run(failing(code as ErrorCode));
  expect(actual).toBe(exit);
  expect(actual).toBeGreaterThan(0);
  expect(out).toBe('');
  expect(err).toBe(`error: It failed. [${code}]\n  -> Do this.\n`);
});

test('an error as JSON goes to stdout, with the same exit code', async () => {
  const { code, out, err } = await run(failing('RUN_NOT_FOUND'), ['--json']);
  expect(code).toBe(3);
  expect(err).toBe('');
  expect(JSON.parse(out)).toEqual({
    ok: false,
    error: { code: 'RUN_NOT_FOUND', message: 'It failed.', hint: 'Do this.', retryable: false },
  });
});

test('a wrong flag is an error as JSON too', async () => {
  const { code, out } = await run(failing('RUN_NOT_FOUND'), ['--wrong', '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: 'BAD_INPUT' } });
});

test('a defect of ours exits 5 without a stack', async () => {
  const broken = fake(() => {
    throw new TypeError('undefined is not a function');
  });
  const { code, err } = await run(broken);
  expect(code).toBe(5);
  expect(err).toContain('[INTERNAL]');
  expect(err).not.toMatch(/\n\s+at /);
});

test('what was looked at failed: exit 1, and the result is still shown', async () => {
  const looked = fake(() => ({ ok: false, why: 'broken' }), { failed: ({ ok }) => ok !== true });
  const { code, out } = await run(looked, ['--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toEqual({ ok: false, why: 'broken' });
});

const HOSTILE = '\u001b[31mred\u001b[0m\u001b]0;title\u0007\u009b2J\u202e\r over';

test.each([
  ['a result', () => fake(() => ({ title: HOSTILE, list: [{ text: HOSTILE }] }))],
  ['a text', () => fake(() => ({ text: HOSTILE }), { format: 'text' })],
  [
    'an error',
    () =>
      fake(() => {
        throw new CcError('NOT_FOUND', HOSTILE, { hint: HOSTILE });
      }),
  ],
])('%s cannot speak to the terminal', async (_what, tool) => {
  const { out, err } = await run(tool());
  expect(out + err).toContain('red');
  expect(out + err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test('colours only where they are wanted', async () => {
  const tool = failing('NOT_FOUND');
  expect((await run(tool, [], { isTTY: true, colour: true })).err).toContain('\u001b[31m');
  expect((await run(tool, [], { isTTY: true, colour: false })).err).not.toContain('\u001b');
});

test('a text is printed as it is, everything else field by field', async () => {
  const text = fake(() => ({ text: 'one\n  two' }), { format: 'text' });
  expect((await run(text)).out).toBe('one\n  two\n');
  const data = fake(() => ({ state: 'running', tokens: { input: 1 } }));
  expect((await run(data)).out).toBe('state: running\ntokens:\n  input: 1\n');
});

test('help needs no valid arguments and runs nothing', async () => {
  const handler = vi.fn();
  const { code, out } = await run(fake(handler), ['--help']);
  expect(code).toBe(0);
  expect(out).toContain('Usage: cc-orchestrator fake');
  expect(handler).not.toHaveBeenCalled();
});
