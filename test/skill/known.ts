import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ownCommand } from '../../src/cli/own-commands.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import type { Tool } from '../../src/tools/define.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { REPOSITORY } from '../support/lab.ts';

/** The schemas of a field, by its name, from whatever a tool takes or answers; `budget.max_usd` too. */
export const FIELDS: ReadonlyMap<string, readonly JsonObject[]> = fieldsOfTools();

function fieldsOfTools(): Map<string, JsonObject[]> {
  const fields = new Map<string, JsonObject[]>();
  const collect = (schema: unknown, parent: string | undefined): void => {
    if (Array.isArray(schema)) for (const item of schema) collect(item, parent);
    if (!isObject(schema)) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key !== 'properties' || !isObject(value)) {
        collect(value, parent);
        continue;
      }
      for (const [name, field] of Object.entries(value)) {
        if (!isObject(field)) continue;
        for (const known of parent === undefined ? [name] : [name, `${parent}.${name}`]) {
          fields.set(known, [...(fields.get(known) ?? []), field]);
        }
        collect(field, name);
      }
    }
  };
  for (const { input, output } of TOOLS) {
    collect(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }), undefined);
    collect(z.toJSONSchema(output, { io: 'output', unrepresentable: 'any' }), undefined);
  }
  return fields;
}

const SOURCE = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(REPOSITORY, 'src', name), 'utf8'))
  .join('\n');

/** A field, or a word the product itself says: a state, a class, a flag, an error, a file. */
export function isWord(text: string): boolean {
  if (FIELDS.has(text)) return true;
  const word = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`['"\`]${word}['"\`]|^\\s*${word}:`, 'm').test(SOURCE);
}

export function toolNamed(name: string): Tool {
  const tool = TOOLS.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`there is no tool ${name}`);
  return tool;
}

/** The flags of a command that is no tool, as its help has them. */
export function flagsOfOwn(name: string): string[] {
  const own = ownCommand(name);
  const told = [own?.summary, own?.usage, ...(own?.options ?? []).flat()];
  return told.join(' ').match(/--[a-z-]+/g) ?? [];
}
