import { isoTime } from '../../core/clock.ts';
import { toErrorFacts } from '../../core/errors.ts';
import { oneLine } from '../../core/text.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import type { Profile } from '../../profiles/profile.ts';
import { readHealth } from '../../routing/health-store.ts';
import type { Route } from '../../routing/keys.ts';
import type { ProfilePick } from '../../routing/pick.ts';
import { withLease } from '../../store/lease.ts';
import type { Host } from '../../workspace/host.ts';
import type { FoundRun } from '../find.ts';
import { runOfKey } from '../keys.ts';
import type { RunRecord } from '../record.ts';
import { nextCandidateOf } from './candidate.ts';
import { type Move, readDecision, writeDecision } from './decision.ts';
import { keyOf, whyItStays } from './rules.ts';
import { startElsewhere } from './start-elsewhere.ts';

const TURN_MS = 20_000;
/** Candidates that cannot be started now (a full slot, no price for a USD budget) before it is left. */
const TRIES = 5;

/**
 * Decides once where the task of a failed run goes on, and starts it there. Whoever holds the run's
 * fallback lease decides; the key of the successor makes a decision that was cut off by a kill the
 * same one when it is made again.
 */
export function moveTask(host: Host, run: FoundRun): Promise<Move> {
  return withLease(run.paths.fallbackLease, TURN_MS, async () => {
    const decided = (await readDecision(run.paths)) ?? (await successor(host, run));
    if (decided !== undefined) return decided;
    const profileHost = profileHostOf(host);
    const { profiles } = await listProfiles(profileHost);
    const sees = profiles.some(({ id }) => id === run.record.profile.id);
    const why = whyItStays(run.record, host.clock.now().getTime());
    if (why === undefined) return moveOn(host, run, profiles, sees);
    const next = sees ? await nextCandidateOf(host, run.record, profiles, []) : undefined;
    return writeDecision(host, run.paths, { why, next: next && routeOf(next) });
  });
}

/** Decides that a task stays where nobody has decided yet: its controller has taken it in hand. */
export async function keepTask(host: Host, run: FoundRun, why: string): Promise<Move> {
  return withLease(run.paths.fallbackLease, TURN_MS, async () => {
    const decided = (await readDecision(run.paths)) ?? (await successor(host, run));
    return decided ?? writeDecision(host, run.paths, { why });
  });
}

/** It was started already, by somebody who was killed before saying so. */
async function successor(host: Host, run: FoundRun): Promise<Move | undefined> {
  const started = await runOfKey(run.workspace, keyOf(run.record));
  return started && writeDecision(host, run.paths, { moved_to: placeOf(started) });
}

async function moveOn(
  host: Host,
  run: FoundRun,
  profiles: readonly Profile[],
  sees: boolean,
): Promise<Move> {
  const { record, paths } = run;
  const failed: Route[] = [];
  const refusals: string[] = [];
  let mayComeLater: string | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const pick = await nextCandidateOf(host, run.record, profiles, failed);
    if (pick === undefined) break;
    try {
      const started = await startElsewhere(host, run, pick);
      return await writeDecision(host, paths, { moved_to: placeOf(started) });
    } catch (error) {
      const started = await successor(host, run);
      if (started !== undefined) return started;
      const { code, message, retryable, details } = toErrorFacts(error);
      if (code === 'NOT_ALLOWED' && typeof details?.active === 'string') {
        return writeDecision(host, paths, { why: `its task goes on in ${details.active}` });
      }
      failed.push(routeOf(pick));
      refusals.push(`${pick.profile.id}: ${oneLine(message, 120)}`);
      if (retryable) mayComeLater ??= oneLine(message, 160);
      // Caps of the user and budgets of the task do not get wider with another candidate.
      else if (code === 'LIMIT_REACHED') break;
    }
  }
  if (mayComeLater !== undefined) return { did: 'blocked', why: mayComeLater };
  // Profiles of the environment may be missing here that whoever started it has.
  if (!sees) {
    return { did: 'left', why: `this process does not see the profile ${record.profile.id}` };
  }
  const why = refusals.length > 0 ? refusals.join('; ') : await whyNobody(host, record);
  return writeDecision(host, paths, { why });
}

async function whyNobody(host: Host, record: RunRecord): Promise<string> {
  const failure = record.outcome?.failure.class;
  const wanted =
    failure === 'context_overflow'
      ? `no other profile is known to have a window of more than ${record.context_window?.tokens} tokens`
      : 'no other profile can take it now';
  const { failures } = await readHealth(host.home);
  const now = host.clock.now().getTime();
  const resting = failures.filter(({ until }) => until > now).map(({ until }) => until);
  if (resting.length === 0 || failure === 'context_overflow') return wanted;
  return `${wanted}; the first of those that rest may be tried again at ${isoTime(new Date(Math.min(...resting)))}`;
}

function routeOf({ profile, model }: ProfilePick): Route {
  return { profile: profile.id, model };
}

function placeOf(record: RunRecord): { run_id: string; profile: string; model: string } {
  return {
    run_id: record.run_id,
    profile: record.profile.id,
    model: record.model ?? 'default',
  };
}
