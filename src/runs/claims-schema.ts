import * as z from 'zod';
import type { JsonObject } from '../core/json.ts';

/** What a worker can claim so that a program can check it. */
export const CLAIM_KINDS = [
  'changed',
  'created',
  'deleted',
  'ran',
  'tests_pass',
  'fixed',
  'no_change',
] as const;

/**
 * The published form of claims. In an output schema `"claims": true` among the properties stands for
 * it; without one, workers that may write are asked for the same in a fenced block.
 */
export const CLAIMS_SCHEMA: JsonObject = {
  type: 'array',
  maxItems: 50,
  items: {
    type: 'object',
    properties: {
      kind: { type: 'string', enum: CLAIM_KINDS },
      command: { type: 'string', description: 'Exactly as it was run.' },
      paths: { type: 'array', items: { type: 'string' } },
      outcome: { type: 'string', enum: ['ok', 'failed', 'unknown'] },
    },
    required: ['kind'],
  },
};

/** One claim as a worker gives it; what does not fit is not a claim. */
export const claimInput = z.object({
  kind: z.enum(CLAIM_KINDS),
  command: z.string().max(2000).optional(),
  paths: z.array(z.string().max(1000)).max(200).optional(),
  outcome: z.string().max(200).optional(),
});
export type ClaimInput = z.infer<typeof claimInput>;

/** The schema with the published form in the place of `"claims": true`. */
export function withClaims(schema: JsonObject): JsonObject {
  const { properties } = schema;
  if (typeof properties !== 'object' || properties === null || !('claims' in properties)) {
    return schema;
  }
  if (properties.claims !== true) return schema;
  return { ...schema, properties: { ...properties, claims: CLAIMS_SCHEMA } };
}
