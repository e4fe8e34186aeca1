import { suggestion } from '../../core/suggestion.ts';
import { ROLES } from '../../core/vocabulary.ts';
import type { RawAgent, RawNode } from '../format/nodes.ts';
import type { Checking } from './context.ts';

/** Roles exist, what writes says where, and who delegates is somebody. */
export function checkRoles({ source, shape }: Checking): void {
  const known = [...ROLES, ...Object.keys(shape.roles ?? {})];
  const used = new Set<string>();
  for (const [id, node] of shape.nodes) {
    if (!isAgent(node)) continue;
    used.add(node.role);
    if (!known.includes(node.role) && !shape.dropped.has('roles')) {
      const message = `there is no role ${JSON.stringify(node.role)}`;
      source.add('unknown_role', ['nodes', id, 'role'], message, {
        fix: suggestion(node.role, known),
      });
    }
    if (node.allow_write && node.write_scope === undefined) {
      source.add('missing_write_scope', ['nodes', id], `${id} may write, but nothing says where`, {
        at: 'key',
      });
    }
    const { allow, commands = [] } = node.write_scope ?? {};
    if (node.allow_write && allow?.length === 0 && commands.length === 0) {
      const message = `${id} may write, but its scope has neither a file nor a command`;
      source.add('missing_write_scope', ['nodes', id, 'write_scope'], message, { at: 'key' });
    }
    if (!node.allow_write && node.write_scope !== undefined) {
      const message = `${id} may not write, so its write_scope has no effect`;
      source.add('unused_write_scope', ['nodes', id, 'write_scope'], message, {
        at: 'key',
        level: 'warning',
      });
    }
  }
  for (const name of Object.keys(shape.roles ?? {})) {
    if (!(ROLES as readonly string[]).includes(name)) continue;
    const message = `${name} is a built-in role`;
    source.add('wrong_value', ['roles', name], message, { at: 'key', fix: 'Choose another name.' });
  }
  for (const [index, { from, to }] of (shape.delegate ?? []).entries()) {
    if (shape.dropped.has('roles')) break;
    for (const [key, name] of Object.entries({ from, to })) {
      if (known.includes(name)) continue;
      const message = `there is no role ${JSON.stringify(name)}`;
      source.add('invalid_delegation', ['delegate', index, key], message, {
        fix: suggestion(name, known),
      });
    }
    const launched = (shape.delegate ?? []).some((rule) => rule.to === from);
    if (known.includes(from) && !used.has(from) && !launched && shape.broken.size === 0) {
      const message = `no node has the role ${from}, so it launches nobody`;
      source.add('invalid_delegation', ['delegate', index, 'from'], message, { level: 'warning' });
    }
  }
}

export function isAgent(node: RawNode): node is RawAgent {
  return node.type === undefined || node.type === 'agent' || node.type === 'worker';
}
