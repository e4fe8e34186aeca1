import { defineTool } from '../define.ts';
import { launched, runInput } from './run-input.ts';
import { start } from './start.ts';

export default defineTool({
  name: 'cc_run_streaming_agent',
  area: 'runs',
  kind: 'launch',
  core: true,
  title: 'Start a worker agent in the background: delegate a task',
  summary:
    'Start a worker agent on a task in the background; returns its run id at once. Follow it with cc_wait_runs.',
  input: runInput,
  output: launched,
  handler: start,
});
