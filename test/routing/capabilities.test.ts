import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Profile } from '../../src/profiles/profile.ts';
import {
  capabilitiesOf,
  capabilityLine,
  capabilityReader,
  PROBES,
  type Probe,
  type ProbeVerdict,
  STALE_DAYS,
  storeVerdicts,
} from '../../src/routing/capabilities.ts';
import { userHome } from '../../src/workspace/home.ts';
import { scratch } from '../support/scratch.ts';

const PROFILE: Profile = {
  id: 'env:lab',
  name: 'lab',
  source: 'environment',
  kind: 'direct',
  usable: true,
  current: false,
  auth: 'auth_token',
  base_url: 'https://lab.invalid/anthropic',
  models: { default: 'lab-1' },
  warnings: [],
};
const DAY = 86_400_000;
const START = new Date('2026-11-21T12:00:00.000Z');
const after = (days: number) => ({ now: new Date(START.getTime() + days * DAY) });

function verdicts(
  change: Partial<Record<Probe, ProbeVerdict['verdict']>> = {},
  checked = START.toISOString(),
): Record<Probe, ProbeVerdict> {
  const entries = PROBES.map((name) => [
    name,
    {
      verdict: change[name] ?? 'pass',
      evidence: `about ${name}`,
      checked,
      worker_version: '2.1.329',
      cost: { of: 'basic', tokens: 10, usd: null },
    },
  ]);
  return Object.fromEntries(entries);
}

const home = () => userHome({ CC_ORCHESTRATOR_HOME: join(scratch(), 'cc') });
const store = (place: ReturnType<typeof home>, found = verdicts(), tested = START) =>
  storeVerdicts(place, PROFILE, 'lab-1', tested.toISOString(), found);

test('what was stored is read with its age, and grows stale', async () => {
  const place = home();
  expect(await capabilitiesOf(place, PROFILE, 'lab-1', after(0))).toBeUndefined();
  await store(place);
  const young = await capabilitiesOf(place, PROFILE, 'Lab-1 ', after(1.5));
  expect(young).toMatchObject({ tested: START.toISOString(), age_days: 1.5, stale: false });
  expect(Object.keys(young?.probes ?? {})).toEqual([...PROBES]);
  expect(young?.probes.auth).toMatchObject({ verdict: 'pass', age_days: 1.5, stale: false });
  const old = await capabilitiesOf(place, PROFILE, 'lab-1', after(STALE_DAYS + 0.1));
  expect([old?.stale, old?.probes.auth?.stale]).toEqual([true, true]);
  const strict = await capabilitiesOf(place, PROFILE, 'lab-1', { ...after(2), staleDays: 1 });
  expect(strict?.stale).toBe(true);
});

test('a provider that was changed has not been tested', async () => {
  const place = home();
  await store(place);
  const changes: Partial<Profile>[] = [
    { id: 'env:other' },
    { base_url: 'https://lab.invalid/other' },
    { auth: 'api_key' },
    { kind: 'cloud' },
  ];
  const read = await capabilityReader(place, after(0));
  for (const change of changes) {
    expect(
      await capabilitiesOf(place, { ...PROFILE, ...change }, 'lab-1', after(0)),
    ).toBeUndefined();
    expect(await read({ ...PROFILE, ...change }, 'lab-1')).toBeUndefined();
  }
  expect(await capabilitiesOf(place, PROFILE, 'lab-2', after(0))).toBeUndefined();
  expect(await read({ ...PROFILE, name: 'renamed', current: true }, 'lab-1')).toBeDefined();
});

test('what a later test could not tell does not replace what is known', async () => {
  const place = home();
  await store(place, verdicts({ thinking: 'unknown' }));
  const later = new Date(START.getTime() + DAY);
  const second = verdicts({ auth: 'unknown', model: 'fail' }, later.toISOString());
  await store(place, second, later);
  const known = await capabilitiesOf(place, PROFILE, 'lab-1', after(2));
  expect(known?.tested).toBe(later.toISOString());
  expect(known?.probes.auth).toMatchObject({ verdict: 'pass', age_days: 2 });
  expect(known?.probes.model).toMatchObject({ verdict: 'fail', age_days: 1 });
  expect(known?.probes.thinking).toMatchObject({ verdict: 'pass', age_days: 1 });
});

test('files are private, replaced in one step, and carry a version', async () => {
  const place = home();
  await store(place);
  const [file = '', ...more] = readdirSync(place.capabilities);
  expect(more).toEqual([]);
  expect(statSync(place.capabilities).mode & 0o777).toBe(0o700);
  expect(statSync(join(place.capabilities, file)).mode & 0o777).toBe(0o600);
  const content = JSON.parse(readFileSync(join(place.capabilities, file), 'utf8'));
  expect(content).toMatchObject({ schema_version: 1, profile: 'env:lab', model: 'lab-1' });
});

test('what cannot be read counts as untested; what is newer is read and not written', async () => {
  const place = home();
  await store(place);
  const path = join(place.capabilities, readdirSync(place.capabilities)[0] ?? '');
  const content = JSON.parse(readFileSync(path, 'utf8'));
  for (const damage of ['{', '[]', '{"schema_version":1}', '{"schema_version":1,"probes":7}']) {
    writeFileSync(path, damage);
    expect(await capabilitiesOf(place, PROFILE, 'lab-1', after(0)), damage).toBeUndefined();
    await store(place);
    expect(await capabilitiesOf(place, PROFILE, 'lab-1', after(0)), damage).toBeDefined();
  }
  const probes = { ...content.probes, telepathy: content.probes.auth };
  writeFileSync(path, JSON.stringify({ ...content, schema_version: 2, probes, more: 1 }));
  const newer = await capabilitiesOf(place, PROFILE, 'lab-1', after(0));
  expect(Object.keys(newer?.probes ?? {})).toEqual([...PROBES]);
  await expect(store(place)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
  writeFileSync(path, JSON.stringify({ ...content, tested: 'yesterday' }));
  expect((await capabilitiesOf(place, PROFILE, 'lab-1', after(0)))?.stale).toBe(true);
});

test('a reader of many looks at the directory once', async () => {
  const place = home();
  const none = await capabilityReader(place, after(0));
  expect(await none(PROFILE, 'lab-1')).toBeUndefined();
  await store(place);
  mkdirSync(join(place.capabilities, 'leases'));
  const read = await capabilityReader(place, after(3));
  expect((await read(PROFILE, 'lab-1'))?.age_days).toBe(3);
});

test('a line for lists is short', async () => {
  const place = home();
  const line = async (found: Record<Probe, ProbeVerdict>, days: number) => {
    await store(place, found);
    const known = await capabilitiesOf(place, PROFILE, 'lab-1', after(days));
    return known === undefined ? '' : capabilityLine(known);
  };
  expect(await line(verdicts({ auth: 'unknown', thinking: 'unknown' }), 0.4)).toBe(
    'unproven auth; 0 d',
  );
  expect(await line(verdicts({ price: 'fail' }), 2)).toBe('fails price; 2 d');
  expect(await line(verdicts(), 16)).toBe('ok; 16 d (stale)');
});
