import * as z from 'zod';

const seconds = (least: number) => z.int().min(least).max(86_400);

/** When the watchdog of a run speaks up, and when it cuts retries (docs/flags.md). */
export const watchdogFields = {
  /** Nothing from the model since the task; nothing at all means that the CLI hangs. */
  no_output_seconds: seconds(5).default(120),
  stall_seconds: seconds(5).default(180),
  /** Share of `max_turns`. */
  high_turns: z.number().min(0.1).max(1).default(0.8),
  long_running_seconds: seconds(10).default(3600),
  /** Retries of the model service with no answer between them. */
  retry_attempts: z.int().min(1).max(1000).default(10),
  retry_seconds: seconds(1).default(180),
};

const watchdogPolicy = z.object(watchdogFields);
export type WatchdogPolicy = z.output<typeof watchdogPolicy>;

export function defaultWatchdog(): WatchdogPolicy {
  return watchdogPolicy.parse({});
}
