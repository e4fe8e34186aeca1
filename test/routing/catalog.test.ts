import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CcError } from '../../src/core/errors.ts';
import { lookUpPrice } from '../../src/profiles/prices.ts';
import { parseCatalog } from '../../src/routing/catalog.ts';
import {
  isStale,
  readCatalog,
  refreshCatalog,
  refreshIfDue,
} from '../../src/routing/catalog-store.ts';
import { fetchJson } from '../../src/routing/fetch-json.ts';
import { mergedPrices } from '../../src/routing/price-table.ts';
import { SCHEMA_VERSION } from '../../src/store/versions.ts';
import { userHome } from '../../src/workspace/home.ts';
import { scratch } from '../support/scratch.ts';

const ROWS = [
  {
    id: 'Vendor/Big-1',
    name: 'Big\u001b[31m One',
    context_length: 200_000,
    pricing: { prompt: '0.000003', completion: '0.000015', input_cache_read: '0.0000003' },
    top_provider: { max_completion_tokens: 64_000 },
    supported_parameters: ['tools', 'response_format', 'reasoning'],
    architecture: { input_modalities: ['text', 'image'] },
  },
  { id: 'vendor/big-1:free', pricing: { prompt: '0', completion: '0' } },
  { id: 'auto/router', context_length: -1, pricing: { prompt: '-1', completion: '-1' } },
  { id: 'plain', pricing: { prompt: '', completion: 'x' }, supported_parameters: 'tools' },
  { id: 'tiny', pricing: { prompt: '1e-7', completion: 2e-7 } },
  { id: 'bad id\n' },
  { name: 'no id' },
  7,
];

async function serve(answer: RequestListener) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/models?key=geheim-123456`, requests: () => requests };
}

const failure = async (work: Promise<unknown>): Promise<CcError> => {
  const error = await work.catch((reason: unknown) => reason);
  if (error instanceof CcError) return error;
  throw new Error('no CcError');
};

describe('a catalogue', () => {
  it('is read row by row; what a row does not say is missing', () => {
    expect(parseCatalog({ data: ROWS })).toEqual({
      models: [
        {
          id: 'vendor/big-1',
          name: 'Big One',
          context_window: 200_000,
          max_output: 64_000,
          price: { input: 3, output: 15, cache_read: 0.3 },
          supports: ['tools', 'structured_output', 'reasoning', 'vision'],
        },
        { id: 'vendor/big-1:free', price: { input: 0, output: 0 }, supports: [] },
        { id: 'auto/router', supports: [] },
        { id: 'plain', supports: [] },
        { id: 'tiny', price: { input: 0.1, output: 0.2 }, supports: [] },
      ],
      skipped: 3,
    });
    for (const strange of [undefined, null, [], 'x', { data: {} }]) {
      expect(parseCatalog(strange)).toBeUndefined();
    }
  });

  it('gives way to CC Switch and to the user, and never sells a free variant as the model', () => {
    const parsed = parseCatalog({ data: ROWS });
    if (parsed === undefined) throw new Error('unreachable');
    const catalog = {
      schema_version: SCHEMA_VERSION,
      source: '',
      fetched: '',
      next: '',
      ...parsed,
    };
    const own = { 'big-1': { input: 9, output: 9 } };
    const theirs = new Map([
      [
        'tiny',
        { input: 5, output: 5, currency: 'USD', per: 1_000_000, source: 'cc-switch' } as const,
      ],
    ]);
    const sourceOf = (model: string, table = mergedPrices({}, theirs, catalog)) => {
      const price = lookUpPrice(model, table);
      return price && `${price.source} ${price.input}`;
    };
    expect(sourceOf('vendor/big-1')).toBe('catalog 3');
    expect(sourceOf('tiny')).toBe('cc-switch 5');
    expect(sourceOf('claude-sonnet-5')).toBe('built-in 3');
    expect(sourceOf('router')).toBeUndefined();
    expect(sourceOf('nothing-like-it')).toBeUndefined();
    expect(sourceOf('big-1', mergedPrices(own, theirs, catalog))).toBe('policy 9');
  });

  it('is fetched once within its interval, and keeps no key of its address', async () => {
    const home = userHome({ CC_ORCHESTRATOR_HOME: scratch() });
    const { url, requests } = await serve((_, response) =>
      response.end(JSON.stringify({ data: ROWS })),
    );
    const settings = { source: url, min_interval_hours: 6 };
    const at = (hours: number) => new Date(Date.parse('2026-11-21T00:00:00Z') + hours * 3_600_000);
    const [first, second] = await Promise.all([
      refreshCatalog(home, settings, at(0)),
      refreshCatalog(home, settings, at(0)),
    ]);
    expect([first.fetched, second.fetched].sort()).toEqual([false, true]);
    expect((await refreshCatalog(home, settings, at(5.9))).fetched).toBe(false);
    expect(requests()).toBe(1);
    const stored = await readCatalog(home);
    expect(JSON.stringify(stored)).not.toContain('geheim');
    const next = Date.parse(stored?.next ?? '');
    expect(next).toBeGreaterThanOrEqual(at(6).getTime());
    expect(next).toBeLessThanOrEqual(at(6.6).getTime());
    expect(isStale(stored, at(5))).toBe(false);
    expect(isStale(stored, at(7))).toBe(true);
    expect((await refreshCatalog(home, settings, at(7))).fetched).toBe(true);
    expect(requests()).toBe(2);
  });

  it('is fetched by a choice where it is due, which waits a moment at most and never fails', async () => {
    const home = userHome({ CC_ORCHESTRATOR_HOME: scratch() });
    let slow = true;
    const { url, requests } = await serve((_, response) => {
      if (!slow) response.end(JSON.stringify({ data: ROWS }));
    });
    const settings = { source: url, min_interval_hours: 6 };
    const now = new Date();
    await refreshIfDue(home, { min_interval_hours: 6 }, now);
    expect(requests()).toBe(0);
    await refreshIfDue(home, settings, now);
    expect([requests(), await readCatalog(home)]).toEqual([1, undefined]);
    slow = false;
    // Not at once again.
    await refreshIfDue(home, settings, now);
    expect(requests()).toBe(1);
    const later = new Date(now.getTime() + 3_600_000);
    await refreshIfDue(home, settings, later);
    expect([requests(), (await readCatalog(home))?.models.length]).toEqual([2, 5]);
    await refreshIfDue(home, settings, later);
    expect(requests()).toBe(2);
    await refreshIfDue(home, { source: '/no/such/file', min_interval_hours: 6 }, later);
    expect((await readCatalog(home))?.models.length).toBe(5);
  });

  it('comes from a file as well, and from nowhere without a source', async () => {
    const home = userHome({ CC_ORCHESTRATOR_HOME: scratch() });
    const path = join(scratch(), 'models.json');
    const refresh = (source?: string) =>
      refreshCatalog(home, { ...(source && { source }), min_interval_hours: 1 }, new Date());
    expect((await failure(refresh())).code).toBe('BAD_INPUT');
    expect((await failure(refresh('models.json'))).hint).toContain('absolute');
    expect((await failure(refresh(path))).code).toBe('NOT_FOUND');
    writeFileSync(path, '{"data":[]}');
    expect((await failure(refresh(path))).message).toContain('no models');
    writeFileSync(path, JSON.stringify({ data: ROWS }));
    expect((await refresh(path)).catalog.models).toHaveLength(5);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['an error', (_, response) => response.writeHead(500).end('{}'), /HTTP 500/],
    ['no JSON', (_, response) => response.end('<html>'), /not JSON/],
    ['silence', () => undefined, /no answer within 0.3 s/],
    ['a trickle', (_, response) => void response.write('['), /no answer within 0.3 s/],
    ['a flood', (_, response) => void response.end('x'.repeat(5000)), /larger than 1000 bytes/],
    ['a broken line', (request) => void request.socket.destroy(), /could not be fetched/],
  ])('with %s is a clear error', async (_what, answer, message) => {
    const { url } = await serve(answer);
    const error = await failure(fetchJson(url, { timeoutMs: 300, maxBytes: 1000 }));
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('geheim');
  });
});
