import type { Candidate } from './candidate.ts';
import { databaseState } from './ccswitch/database-state.ts';
import { findInCcSwitch } from './ccswitch/find.ts';
import { type CcSwitchPlace, locateCcSwitch } from './ccswitch/locate.ts';
import { findInEnvironment } from './environment.ts';
import { findInFile } from './file/find.ts';
import { type FileState, fileState, isSettled } from './file-state.ts';
import { findOfficial, loginFile } from './official.ts';
import { presentable } from './presentable.ts';
import type { PriceTable } from './price.ts';
import type { ProfileHost } from './profile.ts';
import { rememberSecrets } from './seen-secrets.ts';

export type Candidates = {
  candidates: readonly Candidate[];
  warnings: readonly string[];
  prices: PriceTable;
  /** Why a source that is there could not be read; trying again may help. */
  unread?: string;
};

/** The last reading. A server has one host; whoever has several just reads again. */
let last: { identity: string; found: Promise<Candidates> } | undefined;

/**
 * Every profile with the way to its credentials; only for this folder. Sources are read again when
 * anything about them has changed, so what is answered is never older than the call.
 */
export function findCandidates(host: ProfileHost): Promise<Candidates> {
  const now = Date.now();
  const place = locateCcSwitch(host);
  const { identity, changed } = stateOf(host, place);
  if (last?.identity === identity) return last.found;
  const found = readSources(host, place);
  const reading = { identity, found };
  last = isSettled(changed, now) ? reading : undefined;
  const forget = () => {
    if (last === reading) last = undefined;
  };
  found.then(({ unread }) => unread !== undefined && forget(), forget);
  return found;
}

/** Everything the answer depends on, as it is now. */
function stateOf(host: ProfileHost, place: CcSwitchPlace | undefined): FileState {
  const files = [
    place?.database === undefined ? fileState(place?.legacy ?? '') : databaseState(place.database),
    fileState(place?.settings ?? ''),
    fileState(loginFile(host)),
    fileState(host.profilesFile ?? ''),
  ];
  const { tmp: _tmp, ...found } = host;
  return {
    identity: JSON.stringify([found, place, files.map(({ identity }) => identity)]),
    changed: Math.max(...files.map(({ changed }) => changed)),
  };
}

async function readSources(
  host: ProfileHost,
  place: CcSwitchPlace | undefined,
): Promise<Candidates> {
  const sources = await Promise.all([
    findOfficial(host),
    findInEnvironment(host),
    findInFile(host),
    findInCcSwitch(host, place),
  ]);
  const { prices, unread } = sources[3];
  const candidates = sources.flatMap((source) => source.candidates);
  rememberSecrets(candidates.flatMap(({ known }) => known.secrets));
  return {
    ...presentable({
      candidates,
      warnings: sources.flatMap(({ warnings }) => warnings),
    }),
    prices,
    ...(unread === undefined ? {} : { unread }),
  };
}
