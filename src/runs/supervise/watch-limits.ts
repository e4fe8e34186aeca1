import { defaultWatchdog } from '../../workspace/watchdog-policy.ts';
import type { RunRecord } from '../record.ts';
import type { WatchLimits } from './watchdog.ts';

/** What the watchdog of a run goes by: planned with it, so that a successor decides the same. */
export function watchLimits({ watchdog, budget, profile }: RunRecord): WatchLimits {
  return {
    ...(watchdog ?? defaultWatchdog()),
    idle_seconds: budget.idle_seconds,
    max_turns: budget.max_turns,
    renews_key: profile.source === 'official',
  };
}
