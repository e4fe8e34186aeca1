import { arrayAt } from '../../core/json.ts';
import { secretNote } from '../../secrets/note.ts';
import type { RunEvent } from '../events.ts';
import type { SecretFinding } from './findings.ts';

/** Secrets that were hidden in the events of a run, each value once. */
export type EventSecrets = { found: SecretFinding[]; omitted: number };

const KEPT = 300;

export function emptyEventSecrets(): EventSecrets {
  return { found: [], omitted: 0 };
}

/** Folds in what the journal noted on one event. */
export function noteSecrets(state: EventSecrets, event: RunEvent): void {
  if (event.secrets === undefined) return;
  for (const item of arrayAt(event, 'secrets')) {
    const note = secretNote.safeParse(item).data;
    if (note === undefined) continue;
    const known = state.found.find(({ fingerprint }) => fingerprint === note.fingerprint);
    if (known !== undefined) known.count = (known.count ?? 1) + 1;
    else if (state.found.length < KEPT) {
      state.found.push({ ...note, where: { kind: 'event', seq: event.seq } });
    } else state.omitted += 1;
  }
}
