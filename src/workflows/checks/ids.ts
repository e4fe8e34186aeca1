import { RESERVED } from '../expressions/fields.ts';
import { ID_PATTERN, ID_RULE } from '../limits.ts';
import type { Checking } from './context.ts';

/** Ids become file names, keys and words of expressions. */
export function checkIds({ source, shape }: Checking): void {
  if (shape.id !== undefined && !ID_PATTERN.test(shape.id)) {
    source.add('invalid_id', ['id'], `${shown(shape.id)} is no id`);
  }
  const taken = new Map<string, string>();
  for (const id of shape.nodes.keys()) {
    const path = ['nodes', id];
    if (!ID_PATTERN.test(id)) {
      source.add('invalid_id', path, `${shown(id)} is no id`, { at: 'key' });
    } else if (RESERVED.includes(id.toLowerCase())) {
      const message = `${shown(id)} is a word of expressions`;
      source.add('invalid_id', path, message, { at: 'key', fix: 'Choose another id.' });
    }
    const same = taken.get(id.toLowerCase());
    if (same !== undefined) {
      source.add('duplicate_id', path, `${shown(id)} differs from ${same} by case only`, {
        at: 'key',
      });
    }
    taken.set(id.toLowerCase(), id);
  }
  for (const name of Object.keys(shape.roles ?? {})) {
    if (ID_PATTERN.test(name)) continue;
    source.add('invalid_id', ['roles', name], `${shown(name)} is no name`, {
      at: 'key',
      fix: `A name is ${ID_RULE}.`,
    });
  }
}

function shown(id: string): string {
  return JSON.stringify(id.slice(0, 80));
}
