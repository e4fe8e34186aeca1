import { isAbsolute, relative, resolve } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { byteLength } from '../../core/text.ts';
import type { Effect } from '../core/effects.ts';
import type { Instance } from '../core/instance.ts';
import { indexOf, taskAt } from '../core/keys.ts';
import { nodeAt, type Plan } from '../plan.ts';
import type { CommandJob } from './job.ts';

type RunCommand = Extract<Effect, { type: 'run_command' }>;

/** Linux takes 128 KiB for one variable. */
const ITEM_BYTES = 100_000;

/** What is to be done for a `run_command`, but for where its output goes. */
export function orderOf(
  plan: Plan,
  instance: Instance,
  { key, node: id, task }: RunCommand,
  { workspace, cwd }: { workspace: string; cwd: string },
): Omit<CommandJob, 'output'> {
  const index = indexOf(plan, id) ?? -1;
  const node = nodeAt(plan, index);
  if (node.kind !== 'command') throw new TypeError(`${id} is no command`);
  const at = taskAt(task);
  const item: unknown = instance.nodes[index]?.tasks[at]?.item;
  return {
    key,
    command: 'argv' in node.command ? [...node.command.argv] : node.command.shell,
    workspace,
    cwd: inside(workspace, cwd, node.directory),
    isolation: node.isolation,
    timeout_seconds: node.timeout_seconds,
    env: {
      ...(node.expansion?.kind === 'matrix' ? variablesOf(item) : {}),
      CC_WORKFLOW_ID: instance.workflow_id,
      CC_WORKFLOW_NODE: task,
      ...(node.expansion === null ? {} : { CC_WORKFLOW_ITEM: itemText(item) }),
    },
  };
}

function inside(workspace: string, cwd: string, directory: string | null): string {
  const path = directoryIn(workspace, cwd, directory ?? '.');
  if (path !== undefined) return path;
  throw new CcError('BAD_INPUT', `The directory ${directory} is outside of the project.`, {
    hint: 'A command runs in the project or below it.',
  });
}

/** A directory as the file names it; undefined where that is outside of the project. */
export function directoryIn(workspace: string, cwd: string, directory: string): string | undefined {
  const path = resolve(cwd, directory);
  const way = relative(workspace, path);
  return way === '..' || /^\.\.[\\/]/.test(way) || isAbsolute(way) ? undefined : path;
}

/** The values of a combination; they stand in the file, like the command itself. */
function variablesOf(combination: unknown): Record<string, string> {
  const values = isObject(combination) ? Object.entries(combination) : [];
  return Object.fromEntries(values.map(([name, value]) => [name, itemText(value)]));
}

/** An entry is data: it goes into a variable and never into a command line. */
function itemText(item: unknown): string {
  const text = typeof item === 'string' ? item : JSON.stringify(item ?? null);
  if (byteLength(text) <= ITEM_BYTES && !text.includes('\0')) return text;
  throw new CcError('BAD_INPUT', 'The entry is too large for a variable, or holds a NUL.', {
    hint: `An entry of for_each for a command may have ${ITEM_BYTES} bytes.`,
  });
}
