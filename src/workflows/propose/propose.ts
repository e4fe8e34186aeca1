import { stringify } from 'yaml';
import { redact } from '../../core/redact.ts';
import { neutralise, truncate } from '../../core/text.ts';
import { problemLine } from '../format/problems.ts';
import { loadWorkflow } from '../load.ts';
import type { Plan } from '../plan.ts';
import type { Pattern } from './pattern.ts';
import type { ProjectFacts } from './project-facts.ts';
import { type Shape, shapeFor } from './shapes.ts';

export type Pin = { profile: string; model: string };

export type Proposal = { text: string; plan: Plan; judges: Shape['judges'] };

const DESCRIPTION_CHARS = 1000;

/**
 * A workflow file for a task, checked like any other. The words of the task stand in `description` and
 * nowhere else; they are data of the YAML, whatever they look like. `pins`: profile and model by node.
 */
export async function propose(
  task: string,
  pattern: Pattern,
  facts: ProjectFacts,
  pins: Readonly<Record<string, Pin>> = {},
): Promise<Proposal> {
  const { id, defaults, nodes, judges } = shapeFor(pattern, facts);
  const file = {
    schema_version: 1,
    id,
    description: describe(task),
    defaults,
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([name, node]) => [name, { ...node, ...pins[name] }]),
    ),
  };
  const text = stringify(file, { lineWidth: 100, aliasDuplicateObjects: false });
  const { plan, problems } = await loadWorkflow('proposal.yaml', text);
  if (plan === undefined) {
    throw new Error(`the proposal is no valid workflow: ${problems.map(problemLine).join(' ')}`);
  }
  return { text, plan, judges };
}

/** Without what cannot stand in a file: control characters, secrets, halves of characters. */
function describe(task: string): string {
  const whole = Buffer.from(neutralise(task).trim()).toString();
  return truncate(redact(whole), DESCRIPTION_CHARS);
}
