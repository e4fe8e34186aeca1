/**
 * Loaded on demand, because a policy file is rare and the parser is not small. In a file of its own:
 * a bundler gives a dynamically imported CommonJS package no named exports.
 */
export { isAlias, isMap, isScalar, isSeq, LineCounter, parse, parseDocument } from 'yaml';
