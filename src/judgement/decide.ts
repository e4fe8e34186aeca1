import { plural } from '../core/text.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';

/** What an orchestrating loop does next (capabilities.md §10.4). */
export const ACTIONS = [
  'wait',
  'reject',
  'escalate',
  'investigate',
  'complete',
  'dispatch',
] as const;
export type Action = (typeof ACTIONS)[number];

export const RULES = [
  'ghost',
  'duplicate',
  'reject',
  'escalate',
  'investigate',
  'busy',
  'complete',
  'dispatch',
] as const;
export type Rule = (typeof RULES)[number];

/** Everything the decision rests on. What is not known is undefined or null, never a good value. */
export type DecisionInputs = {
  /** Undefined: there is no such run, or its id is empty. */
  state: RunState | undefined;
  failure: string | null;
  /** Since anything was heard of it. */
  silent_minutes: number;
  /** What to do about a run that goes on, or was not verified (runs/decide.ts). */
  next: string | null;
  /** The same evidence was decided about before, as this entry of the ledger says. */
  decided: { seq: number; action: string } | null;
  verdict: 'accept' | 'investigate' | 'reject' | null;
  /** The verdict is in the ledger, and so is the end of the run. */
  on_record: boolean;
  /** 0 to 1; null without a verdict. */
  risk: number | null;
  contradicted_claims: number;
  blockers: number;
  /** Open items of the run that are no blockers. */
  open_items: number;
  /** Changes a person has to decide about. */
  sensitive: readonly string[];
  writes: boolean;
  gate: 'GO' | 'HOLD' | 'ESCALATE' | null;
  /** Runs that could be started now; null where that is not known. */
  free_slots: number | null;
  /** Tasks the controller has still to hand out. */
  pending: number;
};

export type Verdict = { action: Action; rule: Rule; why: string; next: string };

/** Nothing is heard of a run for so long: unknown is no failure, but somebody should look. */
export const TTL_MINUTES = 30;
/** Risk from which it is looked at, and above which it is refused (capabilities.md V24). */
export const CAREFUL = 0.3;
export const REFUSED = 0.8;

/**
 * One action for one run: the first of eight rules that fits (capabilities.md V23). A pure function of
 * its inputs. Only an accepted and recorded verdict with nothing open completes.
 */
export function decideNext(inputs: DecisionInputs): Verdict {
  for (const [rule, judge] of ORDER) {
    const found = judge(inputs);
    if (found !== undefined) return { rule, ...found };
  }
  return { rule: 'dispatch', ...nextWork(inputs) };
}

type Found = Omit<Verdict, 'rule'> | undefined;

const ORDER: readonly [Rule, (inputs: DecisionInputs) => Found][] = [
  ['ghost', ghost],
  ['duplicate', duplicate],
  ['reject', reject],
  ['escalate', escalate],
  ['investigate', investigate],
  ['busy', busy],
  ['complete', complete],
];

/** There is nothing to decide about: no such run, or one that goes on and is heard of. */
function ghost({ state, silent_minutes, next }: DecisionInputs): Found {
  if (state === undefined) return { action: 'wait', why: 'no such run', next: 'check_run_id' };
  if (isFinal(state) || silent_minutes >= TTL_MINUTES) return undefined;
  return { action: 'wait', why: `it is ${state}`, next: next ?? 'continue' };
}

function duplicate({ decided }: DecisionInputs): Found {
  if (decided === null) return undefined;
  const why = `decided already: ${decided.action} (entry ${decided.seq}), and nothing has changed`;
  return { action: 'wait', why, next: decided.action };
}

function reject(inputs: DecisionInputs): Found {
  const { state, failure, verdict, risk, contradicted_claims: claims, blockers } = inputs;
  // One that was stopped, or used up its budget, may have left good work: its verification says so.
  const isFailed = state === 'failed' || state === 'timed_out';
  const reasons = [
    isFailed ? `it ended as ${state}${failure === null ? '' : ` (${failure})`}` : '',
    verdict === 'reject' ? 'its verification says reject' : '',
    risk !== null && risk > REFUSED ? `risk ${risk}` : '',
    claims > 0 ? `${plural(claims, 'claim')} contradicted` : '',
    blockers > 0 ? `${plural(blockers, 'open blocker')}` : '',
  ].filter(Boolean);
  if (reasons.length === 0) return undefined;
  return { action: 'reject', why: reasons.join('; '), next: 'rollback_or_rework' };
}

function escalate({ sensitive, gate }: DecisionInputs): Found {
  // A gate lets such changes through only where somebody has put a name to it.
  if (sensitive.length > 0 && gate !== 'GO') {
    const why = `a person decides about ${sensitive.slice(0, 5).join(', ')}`;
    return { action: 'escalate', why, next: 'ask_user' };
  }
  if (gate !== 'ESCALATE') return undefined;
  return { action: 'escalate', why: 'its gate says ESCALATE', next: 'ask_user' };
}

function investigate(inputs: DecisionInputs): Found {
  const { state, verdict, on_record, risk, gate, silent_minutes, next } = inputs;
  const look = (why: string, then: string): Found => ({ action: 'investigate', why, next: then });
  if (state === undefined || !isFinal(state)) {
    return look(`nothing heard of it for ${Math.floor(silent_minutes)} min`, next ?? 'inspect');
  }
  if (verdict === null || risk === null) return look('it was not verified', 'verify');
  if (!on_record) return look('its end or its verdict is not in the ledger', 'verify');
  if (verdict === 'investigate' || risk >= CAREFUL) {
    return look(`its verification says ${verdict}, risk ${risk}`, 'review');
  }
  return gate === 'HOLD' ? look('its gate says HOLD', 'gate_check') : undefined;
}

function busy({ free_slots }: DecisionInputs): Found {
  if (free_slots !== null && free_slots > 0) return undefined;
  const why = free_slots === null ? 'free slots are not known' : 'no slot is free';
  return { action: 'wait', why, next: 'wait_for_slot' };
}

function complete({ pending, open_items, writes, gate }: DecisionInputs): Found {
  // What changed nothing has nothing to be gated.
  if (pending > 0 || open_items > 0 || (writes && gate !== 'GO')) return undefined;
  return { action: 'complete', why: 'accepted, and nothing is open or pending', next: 'report' };
}

function nextWork({ open_items, pending }: DecisionInputs): Omit<Verdict, 'rule'> {
  const action = 'dispatch';
  if (open_items > 0)
    return { action, why: `${plural(open_items, 'open item')}`, next: 'open_items' };
  if (pending > 0) return { action, why: `${plural(pending, 'task')} pending`, next: 'next_task' };
  return { action, why: 'accepted, and not gated yet', next: 'gate_check' };
}
