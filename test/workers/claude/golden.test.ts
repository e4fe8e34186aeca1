import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isObject, parseJson } from '../../../src/core/json.ts';
import { MAX_EVENT_BYTES } from '../../../src/workers/claude/normalise.ts';
import { WORKER_EVENT_TYPES, type WorkerEvent } from '../../../src/workers/events.ts';
import { captureEvents, captureLines, captureNames, GOLDEN } from '../../support/captures.ts';

/** `UPDATE_GOLDEN=1 npx vitest run test/workers` writes them anew; the difference is for review. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

const TYPES: ReadonlySet<string> = new Set(WORKER_EVENT_TYPES);

describe('every captured line becomes one event', () => {
  it.each(captureNames)('%s', (name) => {
    const events = captureEvents(name);
    expect(events).toHaveLength(captureLines(name).length);
    for (const event of events) {
      expect(TYPES).toContain(event.type);
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(MAX_EVENT_BYTES);
    }
    const path = join(GOLDEN, `${name}.json`);
    const text = `[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]\n`;
    if (UPDATE) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, text);
    }
    expect(existsSync(path), 'run once with UPDATE_GOLDEN=1').toBe(true);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('has no golden file without a capture', () => {
    const golden = readdirSync(GOLDEN).map((file) => file.replace(/\.json$/, ''));
    expect(golden.sort()).toEqual([...captureNames]);
  });
});

type Pair = { name: string; raw: Record<string, unknown>; event: WorkerEvent };

const pairs: Pair[] = captureNames.flatMap((name) => {
  const events = captureEvents(name);
  return captureLines(name).map((line, index) => {
    const raw = parseJson(line.bytes?.toString('utf8') ?? '');
    return {
      name,
      raw: isObject(raw) ? raw : {},
      event: events[index] ?? { type: 'cc.worker.unreadable' },
    };
  });
});

describe('nothing that matters is lost', () => {
  it('leaves only what nobody needs uninterpreted', () => {
    const kinds = new Map<string, number>();
    for (const { event } of pairs) {
      if (event.type !== 'cc.worker.other') continue;
      const kind = [event.worker_type, event.subtype].filter((part) => part).join('/');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(Object.fromEntries(kinds)).toEqual({
      // Pieces of messages that come whole as well; we do not ask for them.
      stream_event: 167,
      'system/thinking_tokens': 1,
      'system/session_title_changed': 1,
      'system/ui_invalidate': 6,
    });
  });

  it('calls nothing unreadable but plain text', () => {
    const unreadable = pairs.filter(({ event }) => event.type === 'cc.worker.unreadable');
    expect(unreadable.map(({ name }) => name)).toEqual([
      '41k-text-format',
      '41k3-text-format-error',
    ]);
  });

  it('keeps every tool call, every result and who asked for it', () => {
    for (const { raw, event } of pairs) {
      const message = raw.message;
      const content = isObject(message) && Array.isArray(message.content) ? message.content : [];
      const parent = raw.parent_tool_use_id ?? undefined;
      for (const block of content) {
        if (block.type === 'tool_use') {
          expect(event).toMatchObject({ type: 'cc.tool.used', tool: block.name, id: block.id });
          expect(event.parent).toBe(parent);
        }
        if (block.type === 'tool_result') {
          expect(event).toMatchObject({ type: 'cc.tool.finished', id: block.tool_use_id });
          expect(event.ok).toBe(block.is_error !== true);
          expect(event.parent).toBe(parent);
        }
      }
    }
  });

  it('keeps who refused a call', () => {
    const by: Record<string, number> = {};
    for (const { raw, event } of pairs) {
      const meta = Array.isArray(raw.tool_result_meta) ? raw.tool_result_meta[0] : undefined;
      const decision = isObject(meta) ? meta.permission_decision : undefined;
      if (!isObject(decision) || decision.decision !== 'reject') continue;
      expect(event).toMatchObject({ type: 'cc.tool.finished', denied: true, ok: false });
      by[String(event.denied_by)] = (by[String(event.denied_by)] ?? 0) + 1;
    }
    expect(Object.keys(by).sort()).toEqual(['config', 'hook', 'user_reject']);
  });

  it('keeps how every turn ended and what it used', () => {
    const results = pairs.filter(({ raw }) => raw.type === 'result');
    expect(results.length).toBeGreaterThan(200);
    for (const { raw, event } of results) {
      expect(event).toMatchObject({ type: 'cc.turn.ended', is_error: raw.is_error });
      expect(event.reason).toBe(raw.terminal_reason ?? undefined);
      expect(event.status).toBe(raw.api_error_status ?? undefined);
      expect(event.denials).toBe((raw.permission_denials as unknown[]).length);
      expect(event.has_structured_output).toBe(raw.structured_output ? true : undefined);
      const usage = raw.modelUsage as Record<string, Record<string, number>>;
      expect(event.usage_total).toEqual(
        Object.fromEntries(
          Object.entries(usage).map(([model, count]) => [
            model,
            {
              input: count.inputTokens,
              output: count.outputTokens,
              cache_read: count.cacheReadInputTokens,
              cache_write: count.cacheCreationInputTokens,
              cli_usd: count.costUSD,
            },
          ]),
        ),
      );
    }
  });

  it('keeps failures of the model service and every retry', () => {
    const failures = pairs.filter(({ raw }) => raw.type === 'assistant' && raw.error !== undefined);
    expect(failures.length).toBeGreaterThan(10);
    for (const { raw, event } of failures) {
      expect(event).toMatchObject({ type: 'cc.api.failed', error: raw.error });
      expect(event.status).toBe(raw.api_error_status ?? undefined);
    }
    const retries = pairs.filter(({ raw }) => raw.subtype === 'api_retry');
    expect(retries).toHaveLength(63);
    for (const { raw, event } of retries) {
      expect(event).toMatchObject({ type: 'cc.api.retried', attempt: raw.attempt });
    }
  });

  it('keeps questions to us, background work and compaction', () => {
    const count = (type: string) => pairs.filter(({ event }) => event.type === type).length;
    expect(count('cc.hook.asked')).toBe(11);
    expect(count('cc.permission.asked')).toBe(8);
    expect(count('cc.request.withdrawn')).toBe(1);
    expect(count('cc.task.changed')).toBe(38);
    expect(count('cc.context.compacted')).toBe(1);
    expect(count('cc.control.answered')).toBe(51);
    expect(count('cc.message.state')).toBe(29);
    for (const { event } of pairs) {
      if (event.type === 'cc.hook.asked' || event.type === 'cc.permission.asked') {
        expect(event.request_id).toMatch(/.{8}/);
        expect(event.tool).not.toBe('unknown');
      }
    }
  });
});
