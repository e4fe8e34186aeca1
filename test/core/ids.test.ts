import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { type IdKind, isId, newId, randomBase32, requireId } from '../../src/core/ids.ts';

const NOW = new Date('2026-11-21T11:09:00.123Z');

describe('newId', () => {
  it('says its kind and its time', () => {
    expect(newId('run', NOW)).toMatch(/^run_20261121t110900123z_[a-z2-7]{8}$/);
  });

  it.each<IdKind>(['run', 'req', 'ws', 'file', 'demo'])('makes %s ids that pass', (kind) => {
    const id = newId(kind, new Date());
    expect(isId(id, kind)).toBe(true);
    expect(id.length).toBeLessThanOrEqual(40);
  });

  it('sorts by time', () => {
    const later = newId('run', new Date(NOW.getTime() + 1));
    expect(newId('run', NOW) < later).toBe(true);
  });

  it('sorts by creation within one millisecond and never repeats', () => {
    const ids = Array.from({ length: 5000 }, () => newId('req', NOW));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    expect(ids.every((id) => isId(id, 'req'))).toBe(true);
  });
});

describe('requireId', () => {
  it.each([
    '',
    'run',
    'run_',
    '../../etc/passwd',
    'run_20261121t110900123z_k3v7qa2m/../x',
    'run_20261121t110900123z_k3v7qa2m\n',
    'run_20261121t110900123z_k3v7qa2m\0',
    ' run_20261121t110900123z_k3v7qa2m',
    'RUN_20261121t110900123z_k3v7qa2m',
    'run_20261121T110900123Z_k3v7qa2m',
    'run_20261121t110900123z_K3V7QA2M',
    'run_20261121t110900123z_k3v7qa21',
    'run_20261121t110900123z_k3v7qa2mm',
    'req_20261121t110900123z_k3v7qa2m',
    'run_２０261121t110900123z_k3v7qa2m',
    'x'.repeat(1_000_000),
    '\ud800',
  ])('refuses %j', (value) => {
    expect(isId(value, 'run')).toBe(false);
    const facts = factsOf(() => requireId(value, 'run'));
    expect(facts.code).toBe('BAD_INPUT');
    expect(facts.message.length).toBeLessThan(500);
  });

  it('gives back what is an id', () => {
    const id = newId('ws', NOW);
    expect(requireId(id, 'ws')).toBe(id);
  });
});

it('uses every character of the alphabet and no other', () => {
  const seen = new Set(randomBase32(20_000));
  expect([...seen].sort().join('')).toBe('234567abcdefghijklmnopqrstuvwxyz');
});

function factsOf(act: () => unknown) {
  try {
    act();
  } catch (error) {
    return toErrorFacts(error);
  }
  throw new Error('nothing was thrown');
}
