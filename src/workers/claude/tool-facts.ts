import { arrayAt, type JsonObject, stringAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import { type ShellFacts, shellFacts } from './shell-facts.ts';
import { wellFormed } from './tool-text.ts';

/** One point of the worker's own list of what there is to do. Its words are the model's. */
export type Todo = { text: string; state: 'pending' | 'in_progress' | 'completed' };

export type ToolFacts = ShellFacts & { todos?: Todo[] };

const TODOS_KEPT = 20;
const TODO_CHARS = 120;

/** What the input of a tool call says beyond its target, read from the whole of it. */
export function toolFacts(tool: string, input: JsonObject): ToolFacts {
  if (tool === 'Bash') return shellFacts(stringAt(input, 'command') ?? '');
  if (tool === 'TodoWrite') return { todos: todosIn(input) };
  return {};
}

function todosIn(input: JsonObject): Todo[] {
  return arrayAt(input, 'todos')
    .slice(0, TODOS_KEPT)
    .map((item) => {
      const state = stringAt(item, 'status');
      return {
        text: wellFormed(oneLine((stringAt(item, 'content') ?? '').slice(0, 500), TODO_CHARS)),
        state: state === 'completed' || state === 'in_progress' ? state : 'pending',
      };
    });
}
