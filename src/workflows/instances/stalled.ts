import { open, statfs } from 'node:fs/promises';
import { redact } from '../../core/redact.ts';
import { oneLine } from '../../core/text.ts';
import type { Host } from '../../workspace/host.ts';
import { workflowSupervision } from './ensure.ts';
import { privateWorkflowPaths } from './paths.ts';
import type { WorkflowNow } from './read.ts';

/** With less than that what happens cannot be written down: lines of the journal, a state, files of runs. */
const LEAST_BYTES = 1 << 20;
const TAIL_BYTES = 16 << 10;
const TEXT_CHARS = 300;
const SEEN_TO = 'Once that is put right, the next look carries it on.';

/**
 * Why a workflow stands still that should go on, as far as that can be seen from here: there is no room, or
 * its last supervisor said why it died. Undefined where all is well, or nobody is needed.
 */
export async function whyStalled(host: Host, now: WorkflowNow): Promise<string | undefined> {
  const supervision = await workflowSupervision(host, now);
  if (supervision === 'at_rest') return undefined;
  for (const directory of [now.paths.dir, host.home.root]) {
    const free = await freeBytes(directory);
    if (free >= LEAST_BYTES) continue;
    const left = `only ${Math.floor(free / 1024)} KiB are free on the disk of ${directory}`;
    return `It cannot write down what happens: ${left}. ${SEEN_TO}`;
  }
  if (supervision !== 'unsupervised') return undefined;
  const { workflow_id } = now.record;
  const said = await lastWords(privateWorkflowPaths(host.home, workflow_id).log);
  // Of an earlier trouble that is over.
  if (said === undefined || said.time <= Date.parse(now.instance.updated)) return undefined;
  return `Its supervisor ended: ${oneLine(redact(said.text), TEXT_CHARS)} ${SEEN_TO}`;
}

async function freeBytes(directory: string): Promise<number> {
  const stats = await statfs(directory).catch(() => undefined);
  return stats === undefined ? Number.POSITIVE_INFINITY : stats.bavail * stats.bsize;
}

/** The last error in the log of a detached process (supervisor/detached.ts). */
async function lastWords(log: string): Promise<{ time: number; text: string } | undefined> {
  const text = await tailOf(log).catch(() => '');
  const [, time = '', words = ''] =
    text
      .match(/^(\d{4}-\d\d-\d\dT\S+Z) ([A-Z_]+: .*)$/gm)
      ?.at(-1)
      ?.match(/^(\S+) (.*)$/) ?? [];
  return words === '' ? undefined : { time: Date.parse(time), text: words };
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
