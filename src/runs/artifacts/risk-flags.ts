import { SCHEMA_VERSION } from '../../store/versions.ts';
import { riskOf } from '../insight/flags.ts';
import type { Progress } from '../progress.ts';

/** risk_flags.json: every flag with its evidence, and what they add up to. */
export function riskFlags({ insight }: Progress): object {
  return {
    schema_version: SCHEMA_VERSION,
    ...riskOf(insight.flags),
    flags: insight.flags.map(({ told: _told, ...flag }) => flag),
  };
}
