import { compact, stringAt } from '../../core/json.ts';
import type { Attempt, Instance } from '../core/instance.ts';
import { nodeOfKey } from '../core/keys.ts';
import type { Quote } from './quote.ts';
import type { Turn } from './turn.ts';

/** What an event says by itself, where it meant something: starts, refusals, verdicts, what people asked for. */
export function actOf(turn: Turn, quote: Quote): string[] {
  const { event, before, after } = turn;
  switch (event.type) {
    case 'started':
      return before.state === 'pending' ? ['The workflow started.'] : [];
    case 'stop_asked':
      if (before.stop === after.stop) return [];
      return [`${quote(event.by, 100)} stopped the workflow${said(event.text, quote)}.`];
    case 'resume_asked': {
      if (before.state === after.state) return [];
      const limits = Object.entries(compact({ ...event.limits }));
      const more = limits.map(([name, value]) => `${name} ${value}`).join(', ');
      return [
        `${quote(event.by, 100)} resumed the workflow${more === '' ? '' : `, now with ${more}`}.`,
      ];
    }
    case 'retry_asked':
      if (before.nodes === after.nodes) return [];
      return [`${quote(event.by, 100)} had ${event.node} done again${said(event.text, quote)}.`];
    case 'delegation_asked':
      return delegated(turn, quote);
    default:
      return 'key' in event ? actOfAttempt(turn, event.key, quote) : [];
  }
}

function said(text: string | undefined, quote: Quote): string {
  return text === undefined ? '' : `: ${quote(text)}`;
}

function delegated({ event, effects }: Turn, quote: Quote): string[] {
  if (event.type !== 'delegation_asked') return [];
  const { parent, role, task } = event;
  const who = taskOfKey(parent);
  const answer = effects.find(({ type }) => type === 'answer_delegation');
  if (answer?.type !== 'answer_delegation') return [];
  if (answer.refused === undefined) {
    return [
      `${who} launched a run of role ${quote(role, 64)} out of its own budget: ${quote(task)}`,
    ];
  }
  if (answer.refused.includes('decided before')) return [];
  return [
    `${who} wanted to launch a run of role ${quote(role, 64)}; refused: ${quote(answer.refused)}`,
  ];
}

function actOfAttempt({ plan, event, before, after }: Turn, key: string, quote: Quote): string[] {
  const task = taskOfKey(key);
  const [was, is] = [flightOf(plan, before, key), flightOf(plan, after, key)];
  if (was === undefined) return [];
  switch (event.type) {
    case 'run_started': {
      if (was.phase !== 'starting') return [];
      const by = [event.profile, event.model].flatMap((name) => (name ? [quote(name, 100)] : []));
      const what = was.kind === 'workflow' ? 'as workflow' : 'as run';
      return [
        `${task} started ${what} ${event.run_id}${by.length === 0 ? '' : `, by ${by.join(' ')}`}.`,
      ];
    }
    case 'start_refused':
      if (was.phase === 'repairing') return [];
      return [`${task} could not start: ${quote(event.text)}`];
    case 'run_ended': {
      if (was.stopping !== null)
        return [`${task}: its run ended ${event.state}, as it was told to.`];
      if (is?.phase === 'repairing') {
        return [
          `${task}: its handoff could not be used; it was asked once more in the same session.`,
        ];
      }
      if (is?.phase !== 'verifying') return [];
      const summary = stringAt(is.result?.handoff, 'summary') ?? '';
      return [`${task} handed over: ${quote(summary)} Our own check of it began.`];
    }
    case 'run_verified': {
      const { verdict, risk, reasons, tests } = event;
      const facts = [
        ...(risk === undefined ? [] : [`risk ${risk}`]),
        ...(tests === undefined ? [] : [`tests: ${tests.passed} passed, ${tests.failed} failed`]),
      ];
      const note = facts.length === 0 ? '' : ` (${facts.join('; ')})`;
      const why = reasons.length === 0 ? '' : `: ${quote(reasons.join('; '), 500)}`;
      return [`${task}: our verdict is **${verdict}**${note}${why}`];
    }
    default:
      return [];
  }
}

type Flight = Pick<Attempt, 'kind' | 'phase' | 'stopping' | 'result'>;

/** What is in flight under a key; of a run that was launched by a run only that it is. */
function flightOf(plan: Turn['plan'], instance: Instance, key: string): Flight | undefined {
  const child = instance.children.find((item) => item.key === key);
  if (child !== undefined) {
    const phase = child.run_id === null ? 'starting' : 'running';
    return { kind: 'run', phase, stopping: child.stopping ? 'stopped' : null, result: null };
  }
  const index = nodeOfKey(plan, key);
  const node = index === undefined ? undefined : instance.nodes[index];
  return node?.attempts.find((attempt) => attempt.key === key);
}

/** `wf/review[3]/1.1` is about `review[3]`; what it launched says so. */
function taskOfKey(key: string): string {
  const task = key.split('/')[1] ?? '';
  return key.includes('>') ? `A run launched by ${task}` : task;
}
