import type { RunRecord } from '../record.ts';
import { isSameModel } from '../route.ts';
import type { ModelUsage, Spending } from '../usage/spending.ts';
import type { Caps, CapsBySubject } from './caps.ts';

/** A run as caps see it. */
export type Counted = Pick<Spending, 'run_id' | 'profile' | 'model' | 'by_model'> & {
  /** Its project directory. */
  project: string;
};

/** A run that has used nothing yet. */
export function countedRun(
  record: Pick<RunRecord, 'run_id' | 'workspace' | 'profile' | 'model'>,
): Counted {
  const { run_id, workspace, profile, model } = record;
  return { run_id, project: workspace, profile: profile.id, model, by_model: {} };
}

/** The caps for one subject: the user, a project, a profile or a model. */
export type CapSet = { subject: string; caps: Caps };

export function capSets(all: CapsBySubject): CapSet[] {
  return Object.entries(all).map(([subject, caps]) => ({ subject, caps }));
}

/** What of a run counts against a subject: nothing, all of it, or what one of its models has used. */
export function shareOf(subject: string, run: Counted): ModelUsage[] | undefined {
  const colon = subject.indexOf(':');
  const kind = colon === -1 ? subject : subject.slice(0, colon);
  const name = subject.slice(colon + 1);
  const all = Object.entries(run.by_model);
  const whole = all.map(([, count]) => count);
  switch (kind) {
    case 'user':
      return whole;
    case 'project':
      return run.project === name ? whole : undefined;
    case 'profile':
      return run.profile === name ? whole : undefined;
    case 'model': {
      if (run.model !== null && isSameModel(name, run.model)) return whole;
      const own = all.filter(([model]) => isSameModel(name, model)).map(([, count]) => count);
      return own.length === 0 ? undefined : own;
    }
    default:
      return undefined;
  }
}

/** Caps of a project are kept by looking at this project alone, all others concern every project. */
export function isOfOneProject(subject: string): boolean {
  return subject.startsWith('project:');
}
