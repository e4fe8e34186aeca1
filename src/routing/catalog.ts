import * as z from 'zod';
import { arrayAt, isObject, numberAt, objectAt, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';

const price = z.object({
  input: z.number(),
  output: z.number(),
  cache_read: z.number().optional(),
  cache_write: z.number().optional(),
});

/** What a catalogue says about one model; a field it does not say is missing. */
export const catalogModel = z.object({
  id: z.string(),
  name: z.string().optional(),
  /** Tokens. */
  context_window: z.number().optional(),
  max_output: z.number().optional(),
  /** USD per million tokens. */
  price: price.optional(),
  /** Of: tools, structured_output, reasoning, vision. */
  supports: z.array(z.string()),
});
export type CatalogModel = z.infer<typeof catalogModel>;

export const catalogFile = z.object({
  schema_version: z.number(),
  source: z.string(),
  fetched: z.string(),
  /** Not before this time again: the least interval and some chance. */
  next: z.string(),
  models: z.array(catalogModel),
  /** Rows that were not understood. */
  skipped: z.number(),
});
export type Catalog = z.infer<typeof catalogFile>;

const MAX_MODELS = 5000;
const MAX_ID = 200;

/**
 * Rows in the shape of OpenRouter's `/models`: prices are decimal texts in USD per token, a negative
 * one (the price of a router) means unknown. Undefined where it has no such shape.
 */
export function parseCatalog(
  value: unknown,
): { models: CatalogModel[]; skipped: number } | undefined {
  if (!isObject(value) || !Array.isArray(value.data)) return undefined;
  const models = new Map<string, CatalogModel>();
  let skipped = 0;
  for (const row of value.data) {
    const model = parseRow(row);
    if (model === undefined || models.size >= MAX_MODELS) skipped += 1;
    else models.set(model.id, model);
  }
  return { models: [...models.values()], skipped };
}

function parseRow(row: unknown): CatalogModel | undefined {
  const id = stringAt(row, 'id');
  if (id === undefined || !/^[\w.:@/~+-]+$/.test(id) || id.length > MAX_ID) return undefined;
  const name = stringAt(row, 'name');
  const limits = objectAt(row, 'top_provider');
  const window = tokens(numberAt(row, 'context_length') ?? numberAt(limits, 'context_length'));
  const output = tokens(numberAt(limits, 'max_completion_tokens')) ?? window;
  const cost = priceOf(objectAt(row, 'pricing'));
  return {
    id: id.toLowerCase(),
    ...(name === undefined ? {} : { name: oneLine(name, 80) }),
    ...(window === undefined ? {} : { context_window: window }),
    ...(output === undefined ? {} : { max_output: output }),
    ...(cost === undefined ? {} : { price: cost }),
    supports: supportsOf(row),
  };
}

function priceOf(pricing: unknown): CatalogModel['price'] {
  const [input, output, read, write] = [
    'prompt',
    'completion',
    'input_cache_read',
    'input_cache_write',
  ].map((name) => perMillion(isObject(pricing) ? pricing[name] : undefined));
  if (input === undefined || output === undefined) return undefined;
  return {
    input,
    output,
    ...(read === undefined ? {} : { cache_read: read }),
    ...(write === undefined ? {} : { cache_write: write }),
  };
}

function perMillion(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^\d*\.?\d+(?:e-?\d{1,2})?$/i.test(text.trim())) {
    return undefined;
  }
  // Millionths of a dollar per million tokens: finer than any price, and without binary dust.
  return Math.round(Number(text) * 1e12) / 1e6;
}

function tokens(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}

function supportsOf(row: unknown): string[] {
  const parameters = arrayAt(row, 'supported_parameters');
  const inputs = arrayAt(objectAt(row, 'architecture'), 'input_modalities');
  const has = (...names: string[]) => names.some((name) => parameters.includes(name));
  return [
    ...(has('tools') ? ['tools'] : []),
    ...(has('structured_outputs', 'response_format') ? ['structured_output'] : []),
    ...(has('reasoning', 'include_reasoning') ? ['reasoning'] : []),
    ...(inputs.includes('image') ? ['vision'] : []),
  ];
}
