import type { Role } from '../core/vocabulary.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import type { Estimate } from './difficulty.ts';
import type { Route } from './keys.ts';
import type { Preferences } from './preference.ts';

/** What a profile and model are chosen for. */
export type PickRequest = {
  role?: Role | undefined;
  profile?: string | undefined;
  model?: string | undefined;
  preferences?: Preferences | undefined;
  /** It may change files. */
  write?: boolean | undefined;
  /** Without an estimate the task counts as medium. */
  estimate?: Estimate | undefined;
  routing?: RoutingPolicy | undefined;
  /** Routes that have been tried, whatever else speaks for them. */
  exclude?: readonly Route[] | undefined;
  /** Models known to keep less in mind are left out; tokens. */
  minContext?: number | undefined;
  /** So are those of which it is not known. */
  knownContext?: boolean | undefined;
};
