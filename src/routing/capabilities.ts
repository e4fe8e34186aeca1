import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { digestOf } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import type { Profile } from '../profiles/profile.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { requireWritableVersion, SCHEMA_VERSION } from '../store/versions.ts';
import type { UserHome } from '../workspace/home.ts';

/** What a test of a profile looks at, in the order in which one thing rests on another. */
export const PROBES = [
  'reachability',
  'auth',
  'model',
  'streaming',
  'tool_use',
  'parallel_tool_use',
  'structured_output',
  'thinking',
  'token_counting',
  'price',
  'long_context',
] as const;
export type Probe = (typeof PROBES)[number];

/** Without these no worker can do anything with the profile. */
export const REQUIRED: readonly Probe[] = ['reachability', 'auth', 'model', 'tool_use'];

const probeVerdict = z.object({
  verdict: z.enum(['pass', 'fail', 'unknown']),
  /** One line about what was seen. */
  evidence: z.string(),
  /** What to do about it; always there where it did not pass. */
  fix: z.string().optional(),
  /** A figure: ms to the first piece of an answer (reachability), tokens shown to fit (long_context). */
  value: z.number().optional(),
  /** When it was looked at (UTC). */
  checked: z.string(),
  worker_version: z.string(),
  /** Of the conversation that showed it (`of`), which may have shown other things as well. */
  cost: z.object({ of: z.string(), tokens: z.number(), usd: z.number().nullable() }),
});
export type ProbeVerdict = z.infer<typeof probeVerdict>;

const capabilityFile = z.object({
  schema_version: z.int(),
  profile: z.string(),
  model: z.string(),
  /** When it was last tested (UTC). */
  tested: z.string(),
  probes: z.record(z.string(), probeVerdict),
});

/** A verdict as a reader needs it. */
export type AgedVerdict = ProbeVerdict & {
  age_days: number;
  /** Too old to rely on: services change. */
  stale: boolean;
};

export type Capabilities = {
  tested: string;
  age_days: number;
  stale: boolean;
  /** What was never looked at is missing. */
  probes: Partial<Record<Probe, AgedVerdict>>;
};

export const STALE_DAYS = 14;
const DAY_MS = 86_400_000;

type Age = { now: Date; staleDays?: number };

/**
 * What the last tests of this model at this profile have shown, or undefined where there was none. A
 * provider that got another address or another kind of key is another one: its verdicts are gone.
 */
export async function capabilitiesOf(
  home: UserHome,
  profile: Profile,
  model: string,
  age: Age,
): Promise<Capabilities | undefined> {
  // A file that cannot be read is as good as none: the next test writes it anew.
  const value = await readJson(pathOf(home, profile, model)).catch(() => undefined);
  const parsed = capabilityFile.safeParse(value).data;
  return parsed === undefined ? undefined : aged(parsed, age);
}

/** The same for many profiles: one look at the directory, and a read only for what was tested. */
export async function capabilityReader(
  home: UserHome,
  age: Age,
): Promise<(profile: Profile, model: string) => Promise<Capabilities | undefined>> {
  const names = new Set(await namesIn(home.capabilities));
  return async (profile, model) =>
    names.size > 0 && names.has(nameOf(profile, model))
      ? capabilitiesOf(home, profile, model, age)
      : undefined;
}

/** Keeps what a test has shown. What it could not find out does not replace what is known. */
export async function storeVerdicts(
  home: UserHome,
  profile: Profile,
  model: string,
  tested: string,
  found: Readonly<Record<Probe, ProbeVerdict>>,
): Promise<void> {
  const path = pathOf(home, profile, model);
  const value = await readJson(path).catch(() => undefined);
  const versioned = z.object({ schema_version: z.number() }).safeParse(value).data;
  if (versioned !== undefined) requireWritableVersion(versioned, path);
  const before = capabilityFile.safeParse(value).data?.probes ?? {};
  const probes: Record<string, ProbeVerdict> = { ...before };
  for (const probe of PROBES) {
    const known = before[probe]?.verdict ?? 'unknown';
    if (found[probe].verdict !== 'unknown' || known === 'unknown') probes[probe] = found[probe];
  }
  await makePrivateDir(home.capabilities);
  const file = { schema_version: SCHEMA_VERSION, profile: profile.id, model, tested, probes };
  await writeJsonAtomic(path, file);
}

/** `ok, 2 d` or `fails tool_use; unknown price; 16 d (stale)`: a line for lists. */
export function capabilityLine({ probes, age_days, stale }: Capabilities): string {
  const those = (verdict: string) => PROBES.filter((probe) => probes[probe]?.verdict === verdict);
  const named = (word: string, list: readonly Probe[]) =>
    list.length === 0 ? [] : [`${word} ${list.join(', ')}`];
  const told = [
    ...named('fails', those('fail')),
    ...named(
      'unproven',
      REQUIRED.filter((probe) => probes[probe]?.verdict === 'unknown'),
    ),
  ];
  const age = `${Math.floor(age_days)} d${stale ? ' (stale)' : ''}`;
  return [...(told.length === 0 ? ['ok'] : told), age].join('; ');
}

function aged(file: z.infer<typeof capabilityFile>, { now, staleDays = STALE_DAYS }: Age) {
  const ageOf = (time: string) => {
    const days = (now.getTime() - Date.parse(time)) / DAY_MS;
    // An unreadable time is as old as can be; a clock that went back makes nothing younger than now.
    const age_days = Number.isFinite(days) ? Math.max(0, Math.round(days * 10) / 10) : Infinity;
    return { age_days, stale: !(days <= staleDays) };
  };
  const probes: Capabilities['probes'] = {};
  for (const probe of PROBES) {
    const verdict = file.probes[probe];
    if (verdict !== undefined) probes[probe] = { ...verdict, ...ageOf(verdict.checked) };
  }
  return { tested: file.tested, ...ageOf(file.tested), probes };
}

function pathOf(home: UserHome, profile: Profile, model: string): string {
  return join(home.capabilities, nameOf(profile, model));
}

/** What makes a verdict about one profile worthless for another. */
function nameOf(profile: Profile, model: string): string {
  const { id, kind, auth, base_url = '' } = profile;
  return `${digestOf(JSON.stringify([id, model.trim().toLowerCase(), kind, auth, base_url]))}.json`;
}

async function namesIn(directory: string): Promise<string[]> {
  return (await ifThere(readdir(directory))) ?? [];
}
