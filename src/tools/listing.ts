import { type ListedTool, listedTool } from './listed.ts';
import { TOOLS } from './registry.ts';

/**
 * Every tool as it is listed. Bundles hold the value of this module instead of its code
 * (scripts/bundle.mjs), so that a face which only lists tools loads none of them.
 */
export const LISTING: readonly ListedTool[] = TOOLS.map(listedTool);
