import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Progress } from '../progress.ts';

/**
 * changed_files.json while a run goes on: what its file tools reported. The diff against the snapshot
 * replaces it at the end; only that also knows what shell commands did.
 */
export function reportedChanges({ insight }: Progress): object {
  return {
    schema_version: SCHEMA_VERSION,
    source: 'tool_calls',
    complete: false,
    reported: insight.changed,
    omitted: insight.changed_more,
  };
}
