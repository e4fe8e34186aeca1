import { expect } from 'vitest';
import type { Effect } from '../../src/workflows/core/effects.ts';
import { outstanding } from '../../src/workflows/core/outstanding.ts';
import { nodeAt } from '../../src/workflows/plan.ts';
import { isSettled } from '../../src/workflows/vocabulary.ts';
import type { Random } from '../support/random.ts';
import type { Happening, World } from './world.ts';

/** Something an effect started, and where it stands. */
type Flight = {
  /** Of the effect. */
  id: string;
  key: string;
  task: string;
  node: string;
  kind: 'run' | 'command' | 'workflow' | 'approval';
  usd: number;
  stage: 'start' | 'repair' | 'verify';
};

const KINDS = { start_run: 'run', run_command: 'command', start_workflow: 'workflow' } as const;

/** How an attempt ends, by its key alone, so that the order of things has no part in it. */
export type Fate = (key: string) => number;

export function fateOf(seed: number): Fate {
  return (key) => {
    let hash = seed >>> 0;
    for (let at = 0; at < key.length; at += 1)
      hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193) >>> 0;
    return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Carries out effects as a faithful runner would, in a random order, and checks what must always hold. */
export class Player {
  readonly world: World;
  readonly random: Random;
  readonly fate: Fate;
  readonly flights = new Map<string, Flight>();
  readonly wakes: string[] = [];
  readonly #keys = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(world: World, random: Random, fate: Fate) {
    this.world = world;
    this.random = random;
    this.fate = fate;
  }

  play(meddle?: (player: Player) => void): void {
    this.happen({ type: 'started' });
    this.goOn(meddle);
  }

  /** Until the end. */
  goOn(meddle: (player: Player) => void = () => {}, steps = 3000): void {
    for (let step = 0; step < steps && this.world.instance.ended === null; step += 1) {
      meddle(this);
      if (this.world.instance.ended !== null) break;
      this.#oneThing();
    }
    expect(this.world.instance.ended, 'it never ended').not.toBeNull();
    this.#atEnd();
  }

  happen(event: Happening, seconds?: number): void {
    const effects = this.world.happen(event, seconds);
    for (const effect of effects) this.#take(effect);
    this.#always();
  }

  #oneThing(): void {
    const flights = [...this.flights.values()];
    const [first, ...rest] = flights;
    if (first === undefined || (this.wakes.length > 0 && this.random.chance(0.2))) {
      const next = this.wakes.sort().shift();
      if (next === undefined) throw new Error(`stuck: ${JSON.stringify(this.world.states())}`);
      const seconds = Math.max(0, (Date.parse(next) - this.world.now) / 1000);
      this.happen({ type: 'woken' }, seconds);
      return;
    }
    this.#finish(this.random.pick([first, ...rest]));
  }

  #finish(flight: Flight): void {
    const { key, kind } = flight;
    const fate = this.fate(key);
    if (kind === 'approval') {
      this.flights.delete(key);
      this.happen({
        type: 'approval_given',
        key,
        decision: fate < 0.8 ? 'approved' : 'rejected',
        by: 'me',
      });
    } else if (kind === 'command') {
      this.flights.delete(key);
      this.happen({ type: 'command_ended', key, exit_code: fate < 0.7 ? 0 : 1, elapsed_ms: 10 });
    } else if (kind === 'workflow') {
      this.flights.delete(key);
      const usage = { usd: 0, tokens: 1, elapsed_ms: 1 };
      const state = fate < 0.8 ? 'succeeded' : 'failed';
      this.happen({ type: 'workflow_ended', key, workflow_id: 'w', state, text: state, usage });
    } else if (flight.stage === 'verify') {
      this.flights.delete(key);
      const verdict = fate < 0.9 ? 'accept' : 'reject';
      this.happen({ type: 'run_verified', key, verdict, reasons: [verdict] });
    } else if (flight.stage === 'start' && this.random.chance(0.05) && !this.#refused.has(key)) {
      this.#refused.add(key);
      this.#keys.delete(key);
      this.flights.delete(key);
      this.happen({ type: 'start_refused', key, text: 'no slot', retry_after_ms: 1000 });
    } else {
      // Its own entry is kept until the effects tell that it goes on to be repaired or verified.
      this.flights.delete(key);
      const usd = flight.usd * Math.min(1, fate * 1.2);
      const usage = { usd: fate < 0.97 ? usd : null, tokens: 50, elapsed_ms: 5 };
      const failure = { class: 'crashed', text: 'it broke' } as const;
      if (fate > 0.75) {
        this.happen({ ...this.world.ended(key, { state: 'failed', failure, usage }) });
      } else {
        const status = fate > 0.65 ? { handoff: undefined } : {};
        this.happen({ ...this.world.ended(key, { usage, ...status }) });
      }
    }
  }

  #take(effect: Effect): void {
    switch (effect.type) {
      case 'start_run':
      case 'start_workflow':
      case 'run_command': {
        const { id, key, task, node } = effect;
        expect(this.#keys.has(key), `${key} was started twice`).toBe(false);
        this.#keys.add(key);
        for (const other of this.flights.values()) {
          expect(other.task, `${task} runs twice at once`).not.toBe(task);
        }
        this.#checkNeeds(node);
        const usd = effect.type === 'run_command' ? 0 : (effect.max_usd ?? 0);
        const kind = KINDS[effect.type];
        this.flights.set(key, { id, key, task, node, kind, usd, stage: 'start' });
        return;
      }
      case 'ask_approval': {
        const { id, key, node } = effect;
        this.#checkNeeds(node);
        this.flights.set(key, {
          id,
          key,
          task: node,
          node,
          kind: 'approval',
          usd: 0,
          stage: 'start',
        });
        return;
      }
      case 'repair_handoff':
      case 'verify_run': {
        const { id, key } = effect;
        const [, task = ''] = key.split('/');
        const stage = effect.type === 'verify_run' ? 'verify' : 'repair';
        const node = task.replace(/\[.*/, '');
        this.flights.set(key, { id, key, task, node, kind: 'run', usd: 0, stage });
        return;
      }
      case 'withdraw_approval':
        this.flights.delete(effect.key);
        return;
      case 'wake':
        this.wakes.push(effect.at);
    }
  }

  #checkNeeds(id: string): void {
    const { plan, instance } = this.world;
    const node = plan.nodes.find((item) => item.id === id);
    for (const need of node?.needs ?? []) {
      const { state, failure } = instance.nodes[need] ?? {};
      const isThrough =
        state === 'succeeded' ||
        state === 'skipped' ||
        failure === 'continued' ||
        failure === 'recovered';
      expect(isThrough, `${id} started before ${nodeAt(plan, need).id} was through`).toBe(true);
    }
  }

  #always(): void {
    const { plan, instance } = this.world;
    const inFlight = instance.nodes.flatMap(({ attempts }) => attempts);
    const working = inFlight.filter(({ kind }) => kind !== 'approval');
    expect(instance.live).toBe(working.length);
    expect(instance.live).toBeLessThanOrEqual(plan.max_concurrent);
    expect(instance.asking).toBe(inFlight.length - working.length);
    expect(instance.open).toBe(instance.nodes.filter(({ state }) => !isSettled(state)).length);
    const should = outstanding(plan, instance).map(({ id }) => id);
    expect(new Set(should).size).toBe(should.length);
    for (const { id } of this.flights.values()) expect(should).toContain(id);
    const { max_usd } = instance.limits;
    if (max_usd !== undefined) {
      const granted = [...this.flights.values()].reduce((sum, { usd }) => sum + usd, 0);
      expect(instance.spent.usd + granted).toBeLessThanOrEqual(max_usd + 1e-6);
    }
    for (const [index, node] of instance.nodes.entries()) {
      const facts = nodeAt(plan, index);
      for (const { tries } of node.tasks) {
        if (facts.kind === 'gate') continue;
        expect(tries).toBeLessThanOrEqual(facts.retry.max_retries + 1);
      }
      if (facts.kind === 'gate') {
        expect(node.gate_retries).toBeLessThanOrEqual(facts.on_fail?.max_retries ?? 0);
      }
    }
    expect(instance.round - instance.granted_round).toBeLessThan(plan.loop_guard);
  }

  #atEnd(): void {
    const { instance } = this.world;
    expect(instance.open).toBe(0);
    expect(instance.live).toBe(0);
    expect(instance.ready).toEqual([]);
    expect(instance.reserved.usd).toBeLessThan(1e-6);
    expect(instance.reason).not.toBe('');
    for (const { id, state, reason } of instance.nodes) {
      expect(isSettled(state), `${id} is ${state}`).toBe(true);
      expect(reason?.text, `${id} is ${state} without a reason`).toBeTruthy();
    }
  }
}
