import { describe, expect, it } from 'vitest';
import type { Price } from '../../src/profiles/price.ts';
import { type Billing, billRun } from '../../src/runs/bill.ts';
import type { TokenCount } from '../../src/workers/events.ts';

const count = (fields: Partial<TokenCount> = {}): TokenCount => ({
  input: 1_000_000,
  output: 100_000,
  cache_read: 0,
  cache_write: 0,
  ...fields,
});
const price = (fields: Partial<Price> = {}): Price => ({
  input: 1,
  output: 10,
  currency: 'USD',
  per: 1_000_000,
  source: 'profile',
  ...fields,
});
const bill = (usage: Record<string, TokenCount>, billing: Partial<Billing> = {}, complete = true) =>
  billRun(usage, { price: null, model: 'glm', cliPrice: false, ...billing }, complete);

describe('the price of a run', () => {
  it('comes from the profile', () => {
    expect(bill({ glm: count() }, { price: price() })).toEqual({
      tokens: { input: 1_000_000, output: 100_000, cache_read: 0, cache_write: 0 },
      by_model: {
        glm: { input: 1_000_000, output: 100_000, cache_read: 0, cache_write: 0, usd: 2 },
      },
      usd: 2,
      usd_source: 'profile',
      complete: true,
    });
  });

  it('never from the CLI where that does not know the model', () => {
    const usage = { glm: count({ cli_usd: 0.44 }) };
    expect(bill(usage)).toMatchObject({ usd: null, usd_source: 'unknown' });
    expect(bill(usage).by_model.glm).not.toHaveProperty('usd');
    expect(bill(usage).by_model.glm).not.toHaveProperty('cli_usd');
    expect(bill(usage, { cliPrice: true })).toMatchObject({ usd: 0.44, usd_source: 'claude-code' });
    expect(bill(usage, { cliPrice: true, price: price() }).usd).toBe(2);
  });

  it('is unknown, not zero, where anything is missing', () => {
    expect(bill({}).usd).toBeNull();
    expect(bill({}, { price: price() }).usd).toBeNull();
    expect(bill({ glm: count() }, { cliPrice: true }).usd).toBeNull();
    const cached = count({ cache_read: 5 });
    expect(bill({ glm: cached }, { price: price() }).usd).toBeNull();
    expect(bill({ glm: cached }, { price: price({ cache_read: 0 }) }).usd).toBe(2);
    expect(
      bill({ glm: count({ cache_write: 1 }) }, { price: price({ cache_read: 0 }) }).usd,
    ).toBeNull();
    const one = { known: count({ cli_usd: 1 }), unknown: count() };
    expect(bill(one, { cliPrice: true })).toMatchObject({
      usd: null,
      by_model: { known: { usd: 1 } },
    });
  });

  it('of a free model is zero', () => {
    expect(bill({ glm: count() }, { price: price({ input: 0, output: 0 }) }).usd).toBe(0);
  });

  it('adds up several models and rounds to micro-dollars', () => {
    const third = count({ input: 333_333, output: 0 });
    const { usd, tokens, by_model } = bill(
      { a: third, b: third },
      { price: price({ input: 0.1 }) },
    );
    expect(usd).toBe(0.066667);
    expect(by_model.a?.usd).toBe(0.033333);
    expect(tokens.input).toBe(666_666);
  });

  it('of a run that was cut short is marked as a lower bound', () => {
    expect(bill({ glm: count() }, { price: price() }, false)).toMatchObject({
      usd: 2,
      complete: false,
    });
  });

  it('takes any name for a model', () => {
    const usage = JSON.parse('{"__proto__":{"input":1,"output":2,"cache_read":0,"cache_write":0}}');
    expect(Object.keys(bill(usage, { price: price() }).by_model)).toEqual(['__proto__']);
  });
});
