import { CcError } from '../../core/errors.ts';
import { findSandbox } from '../../proc/sandbox.ts';
import type { RunRecord } from '../record.ts';
import { viewOfRun } from '../scope/view.ts';
import type { Enclosure } from './worker-link.ts';

/** The sandbox that a run was planned with. It never starts without the one it was promised. */
export async function encloseRun(
  record: RunRecord,
  facts: { userHome: string; systemPrompt: string; env: Readonly<Record<string, string>> },
): Promise<Enclosure | undefined> {
  const promised = record.posture?.sandbox ?? 'none';
  if (promised === 'none') return undefined;
  const sandbox = await findSandbox('require', facts.env);
  if (sandbox.kind === 'none' || sandbox.kind !== promised) {
    const why = sandbox.kind === 'none' ? sandbox.why : sandbox.kind;
    throw new CcError('NOT_ALLOWED', `The sandbox of this run cannot be had any more: ${why}.`, {
      hint: 'Start it again; its posture will say what holds it then.',
    });
  }
  return { sandbox, view: viewOfRun(record, facts) };
}
