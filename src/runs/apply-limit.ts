import { numberAt, stringAt } from '../core/json.ts';
import type { RunEvent } from './events.ts';
import type { Progress } from './progress.ts';

/** Times of the provider are Unix seconds; anything larger is milliseconds already. */
const MS_FROM = 1e12;

/** Keeps what the provider says of its limit windows: of several, the one that is used up most. */
export function limitTold(state: Progress, event: RunEvent): Progress {
  const resets = numberAt(event, 'resets_at');
  if (stringAt(event, 'level') !== 'rate_limit' || resets === undefined) return state;
  const used = numberAt(event, 'used');
  const known = state.quota;
  if (known !== undefined && (known.used ?? 0) > (used ?? 0)) return state;
  state.quota = {
    resets_at: resets < MS_FROM ? resets * 1000 : resets,
    ...(used === undefined ? {} : { used }),
  };
  return state;
}
