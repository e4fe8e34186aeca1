import type { WorkerEvent } from '../../workers/events.ts';

/**
 * An event without the words of model and tools, for runs of which only the result is wanted. It
 * stays an event: every line of the worker has one, and what decides about the run is in it.
 */
export function withoutWords(event: WorkerEvent): WorkerEvent {
  if (!WORDY.has(event.type)) return event;
  const { text: _text, output: _output, input: _input, ...rest } = event;
  return rest as WorkerEvent;
}

const WORDY: ReadonlySet<WorkerEvent['type']> = new Set([
  'cc.message',
  'cc.message.injected',
  'cc.tool.used',
  'cc.tool.finished',
]);
