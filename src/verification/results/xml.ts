/** Loaded on demand: only a project that writes such reports needs the parser. */
export { XMLParser } from 'fast-xml-parser';
