import type { Outputs } from '../handoffs/schemas.ts';

const TYPES = ['text', 'number', 'boolean', 'list', 'object'];
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/**
 * The fields a node's handoff must have beside those of its role. What is no name of a field (the
 * predecessor took anything, file names for example) asks for nothing.
 */
export function outputsOf(raw: string | string[] | Record<string, unknown> | undefined): Outputs {
  if (raw === undefined) return {};
  const entries: [string, unknown][] =
    typeof raw === 'string'
      ? [[raw, 'any']]
      : Array.isArray(raw)
        ? raw.map((name) => [name, 'any'])
        : Object.entries(raw);
  return Object.fromEntries(
    entries
      .filter(([name]) => NAME.test(name))
      .map(([name, type]) => [name, TYPES.find((known) => known === type) ?? 'any']),
  );
}
