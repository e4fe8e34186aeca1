import { randomUUID } from 'node:crypto';
import { CcError } from '../core/errors.ts';
import { byteLength } from '../core/text.ts';
import { isFinal } from '../core/vocabulary.ts';
import { chooseModel } from '../profiles/choose-model.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { listProfiles } from '../profiles/list.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { type Asked, askSupervisor } from './ask.ts';
import { type Continuation, continueRun } from './continue.ts';
import { keepHere } from './fallback/look.ts';
import type { FoundRun } from './find.ts';
import type { RunRecord } from './record.ts';
import { MessageStore } from './supervise/message-store.ts';
import { FINISHING, type OrderKind, type OrderPayload } from './supervise/orders.ts';
import { waitForRuns } from './wait.ts';

/** A control line is one write (DESIGN §4); the text is JSON inside it. */
const MAX_TEXT_BYTES = 24_000;
/** How long a run that is about to end may take before it is continued instead. */
const FINISHING_MS = 20_000;

export type Steering = Omit<Continuation, 'instruction'> & {
  instruction?: string | undefined;
  /** `next_step` (default) is folded into the running turn, `now` breaks it off, `after_turn` waits for its end. */
  when?: 'next_step' | 'now' | 'after_turn' | undefined;
};

export type Steered =
  | { how: 'running'; done: string[] }
  /** The supervisor has not taken it up yet; it will, or the request expires with the run. */
  | { how: 'pending'; done: string[]; request_id: string }
  | { how: 'continued'; record: RunRecord };

/** Tells a worker something, changes how it works, or goes on with a run that has ended. */
export async function steerRun(
  host: Host,
  run: FoundRun,
  steering: Steering,
  options: { from: string; signal: AbortSignal },
): Promise<Steered> {
  requireSense(steering);
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and steers nothing.', {
      hint: `Do it from a shell: cc-orchestrator send-instruction ${run.record.run_id} …`,
    });
  }
  if (!isFinal(run.record.state)) {
    const steered = await steerRunning(host, run, steering, options);
    if (steered !== 'finishing') return steered;
    await waitForEnd(host, run, options.signal);
  }
  if (steering.instruction === undefined) {
    throw new CcError(
      'RUN_FINISHED',
      `${run.record.run_id} has ended; only an instruction can continue it.`,
      {
        hint: 'Pass instruction to go on with its task in the same session.',
      },
    );
  }
  await keepHere(host, run, 'its controller goes on with it');
  const { record } = await continueRun(host, run, {
    ...steering,
    instruction: steering.instruction,
  });
  return { how: 'continued', record };
}

async function steerRunning(
  host: Host,
  run: FoundRun,
  steering: Steering,
  { from, signal }: { from: string; signal: AbortSignal },
): Promise<Steered | 'finishing'> {
  if (steering.profile !== undefined && steering.profile !== run.record.profile.id) {
    throw new CcError('BAD_INPUT', 'A running worker cannot change its profile.', {
      hint: 'Stop it (cc_stop_run), then pass profile here: its task goes on in a fresh session.',
    });
  }
  if (steering.budget !== undefined) {
    throw new CcError('BAD_INPUT', 'The budget of a running worker is fixed.', {
      hint: 'When it has ended, pass budget together with an instruction to continue it.',
    });
  }
  const done: string[] = [];
  for (const order of await ordersOf(host, run, steering)) {
    const { result, request_id }: Asked = await askSupervisor(
      host,
      run,
      { ...order, from },
      signal,
    );
    if (result === undefined) return { how: 'pending', done, request_id };
    if (result.text === FINISHING) return 'finishing';
    if (!result.ok) throw new CcError('NOT_ALLOWED', `${order.kind}: ${result.text}.`);
    done.push(`${order.kind}: ${result.text}`);
  }
  return { how: 'running', done };
}

type Order = { [K in OrderKind]: { kind: K; payload: OrderPayload<K> } }[OrderKind];

/** Limits first, so that what the instruction sets off is held by them already. */
async function ordersOf(host: Host, run: FoundRun, steering: Steering): Promise<Order[]> {
  const { narrow, mode, model, instruction, when } = steering;
  const orders: Order[] = [];
  if (narrow !== undefined) orders.push({ kind: 'narrow', payload: narrow });
  if (mode !== undefined) orders.push({ kind: 'set_mode', payload: { mode } });
  if (model !== undefined) {
    orders.push({ kind: 'set_model', payload: { model: await modelOf(host, run.record, model) } });
  }
  if (instruction !== undefined) {
    const message = randomUUID();
    const { messages } = privateRunPaths(host.home, run.record.run_id);
    await makePrivateDir(messages);
    await new MessageStore(messages).put(message, instruction);
    orders.push({ kind: 'instruct', payload: { message, when: when ?? 'next_step' } });
  }
  return orders;
}

/** What a family name (`sonnet`) means at the run's profile, as it would have at the start. */
async function modelOf(host: Host, { profile }: RunRecord, wanted: string): Promise<string> {
  const { profiles } = await listProfiles(profileHostOf(host));
  const own = profiles.find(({ id }) => id === profile.id);
  return own === undefined ? wanted : chooseModel(own, wanted).model;
}

async function waitForEnd(host: Host, run: FoundRun, signal: AbortSignal): Promise<void> {
  await waitForRuns(host, {
    runs: [run],
    until: 'all',
    cursor: undefined,
    timeoutMs: FINISHING_MS,
    signal,
  });
  if (isFinal(run.record.state)) return;
  throw new CcError(
    'TIMED_OUT',
    `${run.record.run_id} is about to end and takes no more instructions.`,
    {
      hint: 'Send it again when the run has ended: it is then continued in its own session.',
      retryable: true,
    },
  );
}

function requireSense({ instruction, narrow, mode, model }: Steering): void {
  if ([instruction, narrow, mode, model].every((part) => part === undefined)) {
    throw new CcError('BAD_INPUT', 'Nothing to do.', {
      hint: 'Pass instruction, scope, mode or model.',
    });
  }
  if (instruction !== undefined && instruction.trim() === '') {
    throw new CcError('BAD_INPUT', 'The instruction is empty.', { hint: 'Say what to do.' });
  }
  if (byteLength(JSON.stringify(instruction ?? '')) > MAX_TEXT_BYTES) {
    throw new CcError('BAD_INPUT', `The instruction is larger than ${MAX_TEXT_BYTES} bytes.`, {
      hint: 'Put the text into a file of the project and name the file.',
    });
  }
}
