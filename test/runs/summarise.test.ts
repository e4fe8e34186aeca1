import { describe, expect, it } from 'vitest';
import { emptyProgress } from '../../src/runs/progress.ts';
import { progressSummary, summarise, sumTokens } from '../../src/runs/summarise.ts';
import { captureNames, exited, fold, foldCapture, started } from '../support/captures.ts';

const facts = { schema_version: 1, updated: '2026-11-21T11:00:00.000Z', elapsed_ms: 5 };

describe('progress_summary.json', () => {
  it.each(captureNames)('is small and valid: %s', (name) => {
    const summary = { ...facts, ...summarise(foldCapture(name)) };
    expect(progressSummary.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    expect(Buffer.byteLength(JSON.stringify(summary))).toBeLessThan(4000);
  });

  it('of a run that has not begun says so', () => {
    expect(summarise(emptyProgress())).toEqual({
      seq: 0,
      attempt: 0,
      model: null,
      model_calls: 0,
      tokens: { input: 0, output: 0, cached: 0 },
      by_model: {},
      tools: {},
      timeline: [],
      last_action: null,
      last_message: '',
      questions: [],
      context_percent: null,
      rotations: 0,
      attention: [],
      insight: {
        phase: 'starting',
        flags: [],
        mark: 0,
        findings: [],
        changed: { source: 0, artifacts: 0, files: [] },
        todos: null,
        asking: false,
      },
    });
  });

  it('draws attention to what went wrong, and only then', () => {
    const quiet = [started(), { type: 'cc.worker.ready', model: 'glm' }, exited()];
    expect(summarise(fold(quiet)).attention).toEqual([]);
    const loud = [
      started(2),
      { type: 'cc.api.retried' },
      { type: 'cc.hook.answered', request_id: 'r', tool: 'Bash', allow: false },
      { type: 'cc.api.failed', error: 'overloaded' },
      { type: 'cc.stop.requested', reason: 'wall', by: 'supervisor' },
    ];
    expect(summarise(fold(loud)).attention).toEqual([
      '1 tool call refused',
      '1 retry of the model service',
      'model service: overloaded',
      'attempt 2',
      'stopping: wall',
    ]);
  });

  it('counts what was written to the cache as input', () => {
    const usage = { a: { input: 1, output: 2, cache_read: 30, cache_write: 400 } };
    expect(sumTokens(usage)).toEqual({ input: 401, output: 2, cached: 30 });
  });

  it('shows the latest tool calls, one short line each', () => {
    const events = Array.from({ length: 30 }, (_, at) => ({
      type: 'cc.tool.used',
      tool: 'Bash',
      id: `t${at}`,
      target: `${at} ${'x'.repeat(300)}`,
    }));
    const failed = { type: 'cc.tool.finished', id: 't29', ok: false };
    const again = { type: 'cc.tool.used', tool: 'Read', id: 'r1', target: 'a.ts' };
    const { timeline } = summarise(fold([...events, failed, again, { ...again, id: 'r2' }]));
    expect(timeline).toHaveLength(12);
    expect(timeline.at(-1)).toBe('Read a.ts ×2');
    expect(Math.max(...timeline.map((line) => line.length))).toBe(160);
  });
});
