import { expect, test } from 'vitest';
import { replay } from '../../src/workflows/core/reduce.ts';
import { REASONS } from '../../src/workflows/vocabulary.ts';
import { Random } from '../support/random.ts';
import { fateOf, Player } from './player.ts';
import { randomFlow } from './random-flow.ts';
import { planOf, World } from './world.ts';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

test('whatever happens in whatever order, every rule holds and every ending is explained', async () => {
  const ends = new Map<string, number>();
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const text = randomFlow(random, { gates: true, budget: seed % 2 === 0 });
    const world = new World(await planOf(text));
    try {
      new Player(world, random, fateOf(seed)).play();
    } catch (error) {
      throw new Error(`seed ${seed}\n${text}`, { cause: error });
    }
    for (const { state, reason } of world.instance.nodes) {
      if (reason !== null) expect(REASONS[reason.code]).toBe(state);
    }
    const { state } = world.instance;
    ends.set(state, (ends.get(state) ?? 0) + 1);
  }
  expect([...ends.keys()].sort()).toEqual(['failed', 'needs_attention', 'succeeded']);
});

test('a journal leads to the same instance, also when it was stored in between', async () => {
  for (const seed of SEEDS.slice(0, 40)) {
    const random = new Random(seed);
    const world = new World(await planOf(randomFlow(random, { gates: true, budget: true })));
    new Player(world, random, fateOf(seed)).play();
    expect(replay(world.plan, world.first, world.journal)).toStrictEqual(world.instance);
    const half = Math.floor(world.journal.length / 2);
    const stored = replay(world.plan, world.first, world.journal.slice(0, half));
    const loaded = JSON.parse(JSON.stringify({ plan: world.plan, instance: stored }));
    expect(replay(loaded.plan, loaded.instance, world.journal.slice(half))).toStrictEqual(
      world.instance,
    );
  }
});

test('the order in which things end does not change how they end', async () => {
  for (const seed of SEEDS.slice(0, 60)) {
    const text = randomFlow(new Random(seed), { gates: false, budget: false });
    const plan = await planOf(text);
    const ends = [1, 2, 3, 4].map((order) => {
      const world = new World(plan);
      new Player(world, new Random(seed * 100 + order), fateOf(seed)).play();
      return { state: world.instance.state, ...world.states() };
    });
    for (const end of ends) expect(end, `seed ${seed}\n${text}`).toEqual(ends[0]);
  }
});

test('stop, resume, retry and repeated or late events at any time leave every rule intact', async () => {
  for (const seed of SEEDS) {
    const random = new Random(seed + 1000);
    const text = randomFlow(random, { gates: true, budget: seed % 3 === 0 });
    const world = new World(await planOf(text));
    let meddled = 0;
    const meddle = (player: Player) => {
      if (meddled > 12 || !random.chance(0.15)) return;
      meddled += 1;
      const { instance, journal } = world;
      const node = random.pick([instance.nodes[0], ...instance.nodes])?.id ?? '';
      if (random.chance(0.5)) player.happen({ type: 'retry_asked', node, by: 'me' });
      const old = journal[random.between(0, journal.length - 1)];
      if (old !== undefined && 'key' in old && !player.flights.has(old.key)) {
        const before = world.instance;
        player.happen(old);
        const { updated, reason } = world.instance;
        expect(world.instance, 'a late event changed something').toEqual({
          ...before,
          updated,
          reason,
        });
      }
      if (random.chance(0.1)) player.happen({ type: 'stop_asked', by: 'me' });
    };
    try {
      const player = new Player(world, random, fateOf(seed));
      player.play(meddle);
      for (let more = 0; more < 3 && world.instance.state !== 'succeeded'; more += 1) {
        player.happen({ type: 'resume_asked', by: 'me', limits: { max_usd: 50 } });
        expect(world.instance.stop).toBeNull();
        if (world.instance.ended === null) player.goOn();
      }
      expect(replay(world.plan, world.first, world.journal)).toEqual(world.instance);
    } catch (error) {
      throw new Error(`seed ${seed}\n${text}`, { cause: error });
    }
  }
});
