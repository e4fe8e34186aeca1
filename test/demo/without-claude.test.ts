import { describe, expect, it } from 'vitest';
import { runDemo } from '../../src/demo/demo.ts';
import { selfTest } from '../../src/demo/selftest.ts';
import { demoCaller, Paper } from '../support/demo-host.ts';

const signal = new AbortController().signal;
const PLAIN = { isTTY: false, colour: false, signal };

describe('where Claude Code is not installed', () => {
  it('the demo says how to get it, offers the recording, and leaves nothing', async () => {
    const caller = demoCaller('/nowhere/claude');
    const out = new Paper();
    const result = await runDemo({ ...PLAIN, host: caller.host, out });
    expect(result).toMatchObject({ ok: false, checks: [], error: { code: 'WORKER_NOT_FOUND' } });
    expect(out.text).toContain('npm install -g @anthropic-ai/claude-code');
    expect(out.text).toContain('cc-orchestrator demo --replay');
    expect([caller.left(), caller.touched()]).toEqual([[], []]);
  });

  it('the self-test fails with that one gate and does not pretend anything about the others', async () => {
    const caller = demoCaller('/nowhere/claude');
    const result = await selfTest(caller.host, { timeoutMs: 10_000, signal });
    expect(result).toMatchObject({ ok: false, gates: [{ name: 'claude_found', ok: false }] });
    expect(result.gates).toHaveLength(1);
    expect(result.gates[0]?.detail).toContain('npm install -g @anthropic-ai/claude-code');
    expect([caller.left(), caller.touched()]).toEqual([[], []]);
  });

  it('a read-only server starts nothing', async () => {
    const { host, left } = demoCaller('/nowhere/claude');
    const result = await selfTest({ ...host, readOnly: true }, { timeoutMs: 10_000, signal });
    expect(result.ok).toBe(false);
    expect(result.gates[0]?.detail).toContain('read-only');
    expect(left()).toEqual([]);
  });
});

describe('the recording', () => {
  it('plays without Claude Code, and says at both ends that it is one', async () => {
    const caller = demoCaller('/nowhere/claude');
    const out = new Paper();
    const result = await runDemo({ ...PLAIN, host: caller.host, out, replay: true });
    expect(result).toMatchObject({ ok: true, mode: 'replay', checks: [] });
    const lines = out.lines;
    expect(lines[0]).toMatch(
      /^RECORDING of \d{4}-\d\d-\d\d: nothing is started and nothing is checked/,
    );
    expect(lines.at(-2)).toMatch(/^END OF THE RECORDING/);
    expect(caller.left()).toEqual([]);
    await expect(out.text).toMatchFileSnapshot('replay.golden.txt');
  });

  it('as JSON is only the result', async () => {
    const out = new Paper();
    const { host } = demoCaller('/nowhere/claude');
    const result = await runDemo({ ...PLAIN, host, out, replay: true, json: true });
    expect(JSON.parse(out.text)).toEqual(result);
  });

  it('can be interrupted', async () => {
    const out = new Paper();
    const { host } = demoCaller('/nowhere/claude');
    const replay = { host, out, replay: true, signal: AbortSignal.abort() };
    const result = await runDemo({ isTTY: true, colour: true, ...replay });
    expect(result).toMatchObject({ ok: false, error: { code: 'CANCELLED' } });
  });
});
