import * as z from 'zod';
import { ROLES, roleMeant } from '../core/vocabulary.ts';

/** Parameters many tools share, described once. A description is one clause. */
export const cwd = z.string().max(4096).optional().describe('Project directory.');

export const runId = z.string().max(64).describe('Run id.');

/** Checked as an enum, published as a string: the names cost more than they tell. */
export const role = z
  .string()
  .max(40)
  .transform(roleMeant)
  .pipe(z.enum(ROLES))
  .optional()
  .describe('E.g. review, testing, security, implementation.');

export const profile = z.string().max(200).optional().describe('Profile id or name.');

export const model = z.string().max(200).optional().describe('Model id.');

export const waitSeconds = z
  .int()
  .min(0)
  .max(240)
  .optional()
  .describe('Longest wait, 0-240 s; default fits the client.');
