import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DemoResult, runDemo } from '../../src/demo/demo.ts';
import { demoCaller, Paper } from '../support/demo-host.ts';
import { CLAUDE } from '../support/lab.ts';

const never = new AbortController().signal;
const PLAIN = { isTTY: false, colour: false, signal: never };

const bad = ({ checks }: DemoResult) => checks.filter((check) => !check.ok);

describe('the demo with the real Claude Code', () => {
  it('proves what it claims, tells it in about forty lines, and leaves nothing', async () => {
    const caller = demoCaller(CLAUDE);
    const out = new Paper();
    const result = await runDemo({ ...PLAIN, host: caller.host, out });
    expect(bad(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, mode: 'live' });
    expect(result.checks.map(({ name }) => name)).toEqual([
      'test_failed_before',
      'run_succeeded',
      'outside_write_refused',
      'only_expected_file',
      'test_passes_after',
      'nothing_left',
    ]);
    expect(result.facts).toMatchObject({
      before: { exit_code: 1, failing: ['10 % off 250 is 225'] },
      after: { exit_code: 0, failed: 0 },
      changed: [{ path: 'src/price.js', added: 1, deleted: 1 }],
      run: { usd: 0.004015, refused: 1 },
    });
    expect(out.lines.length).toBeLessThan(45);
    // It tried to change a test, and whoever accepts the work should know.
    expect(out.text).toMatch(/verify-run {5}investigate, risk 0\.3\n {5}1 tool call was refused/);
    expect(out.text).toMatch(/REFUSED {2}test\/price\.test\.js is outside the write scope/);
    expect(out.text).not.toContain('\u001b');
    expect(out.text).not.toContain('a-token-of-the-user');
    expect([caller.left(), caller.touched(), caller.processes()]).toEqual([[], [], []]);
  });

  it('says the same in a terminal, in colour', async () => {
    const { host } = demoCaller(CLAUDE);
    const out = new Paper(80);
    const result = await runDemo({ ...PLAIN, host, out, isTTY: true, colour: true });
    expect(result.ok).toBe(true);
    expect(out.text).toContain('\u001b[31mREFUSED');
    expect(out.text).toContain('model calls: ');
    expect(out.text).toContain('\u001b[32m+  return price - (price * percent) / 100;');
  });

  it('keeps everything where it is asked to', async () => {
    const caller = demoCaller(CLAUDE);
    const out = new Paper();
    const result = await runDemo({ ...PLAIN, host: caller.host, out, keep: true, json: true });
    expect(JSON.parse(out.text)).toEqual(result);
    const { kept = '', facts } = result;
    expect(existsSync(join(facts?.run.folder ?? '', 'events.ndjson'))).toBe(true);
    expect(readFileSync(join(kept, 'project/src/price.js'), 'utf8')).toContain('* percent');
    const log = ['log', '--format=%an %s'];
    expect(execFileSync('git', log, { cwd: join(kept, 'project'), encoding: 'utf8' })).toBe(
      'cc-orchestrator A shop with one bug\n',
    );
    expect(caller.processes()).toEqual([]);
    rmSync(kept, { recursive: true });
    expect(caller.left()).toEqual([]);
  });

  it.each([1, 300, 900, 1300])(
    'interrupted after %i ms it ends and removes everything',
    async (ms) => {
      const caller = demoCaller(CLAUDE);
      const out = new Paper();
      const signal = AbortSignal.timeout(ms);
      const result = await runDemo({ ...PLAIN, host: caller.host, out, signal });
      expect(result).toMatchObject({ ok: false, error: { code: 'CANCELLED' } });
      expect(out.text).toContain('The demo was interrupted.');
      expect([caller.left(), caller.touched(), caller.processes()]).toEqual([[], [], []]);
    },
  );

  it('says why when no supervisor comes up', async () => {
    const { host, left } = demoCaller(CLAUDE);
    const out = new Paper();
    const supervisor = { file: process.execPath, args: ['/nowhere/supervisor.js'] };
    const result = await runDemo({ ...PLAIN, host: { ...host, supervisor }, out });
    expect(result).toMatchObject({ ok: false, error: { code: 'TIMED_OUT' } });
    expect(out.text).toContain("Cannot find module '/nowhere/supervisor.js'");
    expect(left()).toEqual([]);
  });
});
