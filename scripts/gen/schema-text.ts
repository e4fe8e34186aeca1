import { arrayAt, isObject, numberAt, objectAt, stringAt } from '../../src/core/json.ts';
import type { Tool } from '../../src/tools/define.ts';
import { fullInputSchemaOf, outputSchemaOf } from '../../src/tools/schema.ts';

/** One parameter of a tool, read from its input schema; nested ones are joined with a dot. */
export type Parameter = {
  name: string;
  type: string;
  bounds: string;
  required: boolean;
  description: string;
};

export function parametersOf(tool: Tool): Parameter[] {
  return fromObject(fullInputSchemaOf(tool), '');
}

function fromObject(schema: unknown, prefix: string): Parameter[] {
  const required = arrayAt(schema, 'required');
  return Object.entries(objectAt(schema, 'properties') ?? {}).flatMap(([key, property]) => {
    const name = `${prefix}${key}`;
    const own: Parameter = {
      name,
      type: typeName(property),
      bounds: bounds(property),
      required: prefix === '' && required.includes(key),
      description: stringAt(property, 'description') ?? '',
    };
    const isGroup = stringAt(property, 'type') === 'object';
    return isGroup ? [own, ...fromObject(property, `${name}.`)] : [own];
  });
}

function typeName(schema: unknown): string {
  const choices = arrayAt(schema, 'enum');
  if (choices.length > 0) return choices.join(' \\| ');
  const type = stringAt(schema, 'type') ?? 'any';
  return type === 'array' ? `${typeName(objectAt(schema, 'items'))}[]` : type;
}

function bounds(schema: unknown): string {
  const [low, high] = [numberAt(schema, 'minimum'), numberAt(schema, 'maximum')];
  if (low !== undefined && high !== undefined) return `${low} to ${high}`;
  const [fewest, most] = [numberAt(schema, 'minItems'), numberAt(schema, 'maxItems')];
  if (most !== undefined) {
    const each = bounds(objectAt(schema, 'items'));
    return `${fewest ?? 0} to ${most} items${each === '' ? '' : `, each ${each}`}`;
  }
  const longest = numberAt(schema, 'maxLength');
  if (longest === undefined) return '';
  const shortest = numberAt(schema, 'minLength');
  return shortest === undefined
    ? `at most ${longest} characters`
    : `${shortest} to ${longest} characters`;
}

/** The result of a tool as a type, one field per line. */
export function resultType(tool: Tool): string {
  return typeText(outputSchemaOf(tool), '');
}

function typeText(schema: unknown, indent: string): string {
  const constant = isObject(schema) && 'const' in schema ? schema.const : undefined;
  if (constant !== undefined) return JSON.stringify(constant);
  const choices = arrayAt(schema, 'enum');
  if (choices.length > 0) return choices.map((item) => JSON.stringify(item)).join(' | ');
  const either = arrayAt(schema, 'anyOf');
  if (either.length > 0) return either.map((item) => typeText(item, indent)).join(' | ');
  switch (stringAt(schema, 'type')) {
    case 'array':
      return arrayText(objectAt(schema, 'items'), indent);
    case 'object':
      return objectText(schema, indent);
    case 'integer':
      return 'number';
    default:
      return stringAt(schema, 'type') ?? 'unknown';
  }
}

function arrayText(items: unknown, indent: string): string {
  const text = typeText(items, indent);
  return text.includes(' | ') && !text.startsWith('{') ? `(${text})[]` : `${text}[]`;
}

function objectText(schema: unknown, indent: string): string {
  const properties = Object.entries(objectAt(schema, 'properties') ?? {});
  if (properties.length === 0) {
    return `{ [name: string]: ${typeText(objectAt(schema, 'additionalProperties'), indent)} }`;
  }
  const required = arrayAt(schema, 'required');
  const inner = `${indent}  `;
  const lines = properties.map(
    ([key, value]) =>
      `${inner}${key}${required.includes(key) ? '' : '?'}: ${typeText(value, inner)};`,
  );
  const flat = `{ ${lines.map((line) => line.trim().replace(/;$/, '')).join('; ')} }`;
  const fits = flat.length + indent.length <= 90 && !lines.some((line) => line.includes('\n'));
  return fits ? flat : `{\n${lines.join('\n')}\n${indent}}`;
}
