import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isoTime, sleep, timeLimit } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { makePrivateDir, readJson, writeFileAtomic, writeJsonAtomic } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { UserHome } from '../workspace/home.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import { type Catalog, catalogFile, parseCatalog } from './catalog.ts';
import { fetchJson } from './fetch-json.ts';

const TURN_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Part of the interval that chance adds, so that many machines do not ask at once. */
const JITTER = 0.1;

/** The catalogue as it was last fetched; undefined where there is none. */
export async function readCatalog(home: UserHome): Promise<Catalog | undefined> {
  const path = catalogPath(home);
  // Before the content: what is stored meanwhile is read again.
  const file = await stat(path, { bigint: true }).catch(() => undefined);
  const identity = `${path} ${file?.ino} ${file?.size} ${file?.mtimeNs}`;
  if (last?.identity === identity) return last.catalog;
  const value = await readJson(path).catch(() => undefined);
  const catalog = catalogFile.safeParse(value).data;
  last = { identity, catalog };
  return catalog;
}

/** The file is replaced as a whole, and may have thousands of rows. */
let last: { identity: string; catalog: Catalog | undefined } | undefined;

export function isStale(catalog: Catalog | undefined, now: Date): boolean {
  return catalog === undefined || !(Date.parse(catalog.next) > now.getTime());
}

/** The most a choice waits for the catalogue, and how long one that failed is left alone. */
const LAZY_MS = 1500;
const AGAIN_MS = 15 * 60_000;

/**
 * Fetches the catalogue where one is configured and it is time; for whoever is about to choose. It
 * takes a moment at most and never fails: what was there before then counts on.
 */
export async function refreshIfDue(
  home: UserHome,
  settings: RoutingPolicy['catalog'],
  now: Date,
): Promise<void> {
  if (settings.source === undefined) return;
  try {
    const before = await readCatalog(home);
    const isSame = before?.source === shown(settings.source);
    if (isSame && !isStale(before, now)) return;
    const tried = await stat(attemptPath(home)).catch(() => undefined);
    if (tried !== undefined && Math.abs(now.getTime() - tried.mtimeMs) < AGAIN_MS) return;
    await makePrivateDir(home.routing);
    await writeFileAtomic(attemptPath(home), '');
    const done = new AbortController();
    const late = timeLimit(LAZY_MS, done.signal);
    await Promise.race([
      refreshCatalog(home, settings, now, late, LAZY_MS),
      sleep(LAZY_MS, done.signal),
    ]).finally(() => done.abort());
  } catch {
    // The next one, a while from now, tries again; cc_model_registry with refresh says what is wrong.
  }
}

function attemptPath(home: UserHome): string {
  return join(home.routing, 'catalog-attempt');
}

export type Refreshed = { catalog: Catalog; fetched: boolean };

/** Fetches the configured catalogue, unless that was done within the least interval. */
export async function refreshCatalog(
  home: UserHome,
  { source, min_interval_hours }: RoutingPolicy['catalog'],
  now: Date,
  signal?: AbortSignal,
  turnMs = TURN_MS,
): Promise<Refreshed> {
  if (source === undefined) {
    throw new CcError('BAD_INPUT', 'No catalogue is configured, so nothing is fetched.', {
      hint: 'Set routing.catalog.source in policy.yaml: a file or an address in the shape of OpenRouter’s /models.',
    });
  }
  await makePrivateDir(home.routing);
  return withLease(join(home.routing, 'catalog-lease'), turnMs, async () => {
    const before = await readCatalog(home);
    if (before?.source === shown(source) && !isStale(before, now)) {
      return { catalog: before, fetched: false };
    }
    const parsed = parseCatalog(await load(source, signal));
    if (parsed === undefined || parsed.models.length === 0) {
      throw new CcError('BAD_INPUT', 'The source of the catalogue has no models in it.', {
        hint: 'It must look like OpenRouter’s /models: { "data": [{ "id": …, "pricing": … }] }.',
      });
    }
    const pause = min_interval_hours * HOUR_MS * (1 + Math.random() * JITTER);
    const catalog: Catalog = {
      schema_version: SCHEMA_VERSION,
      source: shown(source),
      fetched: isoTime(now),
      next: isoTime(new Date(now.getTime() + pause)),
      ...parsed,
    };
    await writeJsonAtomic(catalogPath(home), catalog);
    return { catalog, fetched: true };
  });
}

async function load(source: string, signal: AbortSignal | undefined): Promise<unknown> {
  if (/^https?:\/\//i.test(source))
    return fetchJson(source, signal === undefined ? {} : { signal });
  if (!isAbsolute(source)) {
    throw new CcError('BAD_INPUT', 'routing.catalog.source is neither an address nor a path.', {
      hint: 'Give an http(s) address, or an absolute path.',
    });
  }
  const value = await readJson(source);
  if (value !== undefined) return value;
  throw new CcError('NOT_FOUND', `There is no file ${source}.`, {
    hint: 'Correct routing.catalog.source in policy.yaml.',
  });
}

/** Without what a key could stand in. */
function shown(source: string): string {
  if (!URL.canParse(source)) return source;
  const url = new URL(source);
  return /^https?:$/.test(url.protocol) ? `${url.origin}${url.pathname}` : source;
}

function catalogPath(home: UserHome): string {
  return join(home.routing, 'catalog.json');
}
