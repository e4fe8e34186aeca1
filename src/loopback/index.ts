export type { RecordedRequest } from './record.ts';
export type * from './script.ts';
export { type LoopbackModel, type LoopbackOptions, startLoopbackModel } from './server.ts';
