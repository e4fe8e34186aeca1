import type { RawNode } from './nodes.ts';
import type { Shape } from './shape.ts';

/** A gate or a person that says no is never overheard by default. */
export function onFailureOf(raw: RawNode, { defaults }: Pick<Shape, 'defaults'>) {
  const decides = raw.type === 'gate' || raw.type === 'approval';
  return raw.on_failure ?? (decides ? undefined : defaults?.on_failure) ?? 'fail';
}
