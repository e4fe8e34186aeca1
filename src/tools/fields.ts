import { z } from 'zod';
import { ROLES } from '../core/vocabulary.ts';

/** Parameters many tools share, described once. A description is one clause. */
export const cwd = z
  .string()
  .max(4096)
  .optional()
  .describe('Project directory; default: where the client works.');

export const runId = z.string().max(64).describe('Run id.');

export const role = z.enum(ROLES).optional().describe('Role of the worker.');

export const profile = z
  .string()
  .max(200)
  .optional()
  .describe('Profile id or name; default: picked.');

export const model = z
  .string()
  .max(200)
  .optional()
  .describe('Model id; default: the profile decides.');

export const waitSeconds = z
  .int()
  .min(0)
  .max(240)
  .optional()
  .describe('Longest wait, 0-240 s; default fits the client.');
