import { isObject, type JsonObject } from '../../../src/core/json.ts';
import type { Role } from '../../../src/core/vocabulary.ts';
import type { ModelCall, Script, Step, ToolUse } from '../../../src/loopback/index.ts';
import { handoffTemplate } from '../../../src/workflows/handoffs/template.ts';
import type { Plan } from '../../../src/workflows/plan.ts';

/** What one worker of a workflow sees of its work. */
export type Scene = {
  /** A file of the directory it works in, which may be a copy of the project. */
  path: (name: string) => string;
  /** Its whole prompt. */
  prompt: string;
  /** Taken back by a gate or a person, or tried again. */
  isAgain: boolean;
  call: ModelCall;
};

/** What a model does as one worker: the answers of one conversation, in order. */
export type Persona = (scene: Scene) => readonly Step[];

/**
 * Scripts for the nodes of a plan, each recognised by how its task begins. Requests are recorded as of
 * `<plan>.<node>`. A node without a persona hands over the example of its role at once.
 */
export function cast(plan: Plan, personas: Readonly<Record<string, Persona>>): Script[] {
  const unknown = Object.keys(personas).filter((id) => plan.nodes.every((node) => node.id !== id));
  if (unknown.length > 0) throw new Error(`${plan.id} has no nodes ${unknown.join(', ')}`);
  return plan.nodes.flatMap((node) => {
    if (node.kind !== 'agent' || node.task === null) return [];
    const { use, outputs, task } = node;
    const idle: Persona = () => [handOver(use.role, {}, outputs)];
    return [actor(`${plan.id}.${node.id}`, beginningOf(task), personas[node.id] ?? idle)];
  });
}

export function actor(name: string, match: RegExp, persona: Persona): Script {
  return {
    name,
    match,
    steps: [],
    after: (call) => persona(sceneOf(call))[call.step] ?? { text: 'Done.' },
  };
}

/** Only where the prompt begins with it: what others hand over may quote it. */
function beginningOf(task: string): RegExp {
  return new RegExp(`^${task.slice(0, 80).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
}

function sceneOf(call: ModelCall): Scene {
  const cwd = directoryOf(call);
  return {
    path: (name) => `${cwd}/${name}`,
    prompt: call.opening,
    isAgain: /^# (It is done again because|Earlier attempts failed)$/m.test(call.opening),
    call,
  };
}

/** Claude Code 2.1.329 tells it in a message of the role `system`. */
function directoryOf({ body }: ModelCall): string {
  const found = / - Primary working directory: (\S+)\n/.exec(textOf(body.messages));
  if (found?.[1] === undefined) throw new Error('the worker does not know where it works');
  return found[1];
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  return isObject(value) ? textOf(value.content ?? value.text ?? '') : '';
}

export const read = (file_path: string): ToolUse => ({ name: 'Read', input: { file_path } });

export const bash = (command: string): ToolUse => ({
  name: 'Bash',
  input: { command, description: 'run it' },
});

/** Claude Code changes only what it has read, so the file is read first. */
export function edits(file_path: string, old_string: string, new_string: string): Step[] {
  return [
    { tools: [read(file_path)] },
    { tools: [{ name: 'Edit', input: { file_path, old_string, new_string } }] },
  ];
}

export const writes = (file_path: string, content: string): Step => ({
  tools: [{ name: 'Write', input: { file_path, content } }],
});

export const runs = (command: string): Step => ({ tools: [bash(command)] });

/** The structured answer that ends the work: the example of the role, with these fields. */
export function handOver(
  role: Role,
  fields: JsonObject = {},
  outputs: Readonly<Record<string, string>> = {},
): Step {
  const input = { ...handoffTemplate(role, outputs).example, ...fields };
  return { tools: [{ name: 'StructuredOutput', input }] };
}
