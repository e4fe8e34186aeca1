import type { Random } from '../support/random.ts';
import type { Fault, Moment, Target, Theme } from './plan.ts';

/** What is done to a run, by theme. */
export const FAULTS: Record<Theme, (random: Random) => Fault[]> = {
  launch: (random) => [
    hit(random, 'launcher', { at: 'time', ms: random.between(0, 900) }),
    hit(random, 'supervisor', { at: 'before_owner', ms: random.between(0, 60) }),
    ...some(random, 1, 3, () => hit(random, 'supervisor', anyMoment(random))),
  ],
  start: (random) => [
    ...some(random, 1, 3, () =>
      hit(random, 'supervisor', { at: 'before_journal', ms: random.between(0, 12) }),
    ),
    ...some(random, 1, 2, () =>
      hit(random, 'supervisor', {
        at: 'event',
        type: random.pick(['cc.worker.started', 'cc.control.answered', 'cc.message.sent']),
        ms: random.between(0, 30),
      }),
    ),
    hit(random, 'supervisor', anyMoment(random)),
  ],
  question: (random) =>
    some(random, 3, 6, () =>
      hit(random, 'supervisor', {
        at: 'event',
        type: random.pick(['cc.hook.asked', 'cc.hook.answered', 'cc.tool.finished']),
        ms: random.between(0, 10),
      }),
    ),
  settle: (random) => [
    ...some(random, 0, 1, () => hit(random, 'supervisor', anyMoment(random))),
    ...atTheEnd(random, ['cc.turn.ended', ...LEAVING]),
  ],
  stop: (random) => [
    ...some(random, 0, 2, () => hit(random, 'supervisor', anyMoment(random))),
    hit(random, random.pick(['supervisor', 'supervisor', 'worker', 'stopper']), {
      at: 'stop_pending',
      ms: random.between(0, 60),
    }),
    ...atTheEnd(random, LEAVING),
  ],
  take_over: (random) =>
    some(random, 3, 6, () =>
      hit(random, 'supervisor', { at: 'take_over', ms: random.between(0, 250) }),
    ),
  worker: (random) => [
    ...some(random, 0, 1, () => hit(random, 'supervisor', anyMoment(random))),
    ...some(random, 0, 2, () => freeze(random, 'worker', anyMoment(random))),
    ...some(random, 0, 1, () => hit(random, 'supervisor', anyMoment(random))),
    random.chance(0.3)
      ? { what: 'freeze', target: 'worker', when: anyMoment(random) }
      : { what: 'kill', target: 'worker', when: anyMoment(random) },
    ...some(random, 0, 2, () => hit(random, 'supervisor', anyMoment(random))),
  ],
  faces: (random) =>
    some(random, 4, 7, () =>
      hit(random, random.pick(['server', 'cli']), { at: 'time', ms: random.between(0, 900) }),
    ),
  anything: (random) => some(random, 4, 7, () => anyFault(random)),
  clock: (random) =>
    some(random, 2, 3, () => random).flatMap((source) => [
      { what: 'clock', when: anyMoment(source), byMs: source.pick(JUMPS_MS) },
      hit(source, 'supervisor', anyMoment(source)),
    ]),
  disk: (random) => [
    ...some(random, 0, 1, () => hit(random, 'supervisor', anyMoment(random))),
    { what: 'disk', when: anyMoment(random), forMs: random.pick([300, 1500, 4000, 20_000]) },
    ...some(random, 0, 2, () => hit(random, 'supervisor', anyMoment(random))),
  ],
  recoveries: (random) =>
    some(random, 3, 4, () => ({
      what: 'recoveries',
      when: anyMoment(random),
      count: random.between(2, 4),
    })),
  steer: (random) =>
    some(random, 3, 5, () =>
      hit(random, 'supervisor', {
        at: 'event',
        type: random.pick(['cc.instruction.accepted', 'cc.message.sent', ...EVENTS]),
        ms: random.between(0, 15),
      }),
    ),
};

const HOUR_MS = 3_600_000;
const JUMPS_MS: readonly [number, ...number[]] = [
  -10 * 365 * 24 * HOUR_MS,
  -24 * HOUR_MS,
  -HOUR_MS,
  HOUR_MS,
  24 * HOUR_MS,
  400 * 24 * HOUR_MS,
];

function anyFault(random: Random): Fault {
  if (random.chance(0.1)) return { what: 'recoveries', when: anyMoment(random), count: 2 };
  const target = random.pick<Target>(['supervisor', 'supervisor', 'supervisor', 'server', 'cli']);
  if (random.chance(0.1)) return { what: 'kill', target: 'worker', when: anyMoment(random) };
  return random.chance(0.1)
    ? freeze(random, 'worker', anyMoment(random))
    : hit(random, target, anyMoment(random));
}

function hit(random: Random, target: Target, when: Moment): Fault {
  return random.chance(0.65) ? { what: 'kill', target, when } : freeze(random, target, when);
}

/** A frozen supervisor has a successor before it thaws, or not, or it never thaws. */
function freeze(random: Random, target: Target, when: Moment): Fault {
  const forGood = target === 'supervisor' && random.chance(0.5);
  return { what: 'freeze', target, when, ...(forGood ? {} : { thawMs: random.between(10, 2500) }) };
}

function anyMoment(random: Random): Moment {
  return random.chance(0.5)
    ? { at: 'time', ms: random.between(0, 1500) }
    : { at: 'event', type: random.pick(EVENTS), ms: random.between(0, 20) };
}

const EVENTS: readonly [string, ...string[]] = [
  'cc.control.answered',
  'cc.message.sent',
  'cc.message.state',
  'cc.worker.ready',
  'cc.hook.asked',
  'cc.hook.answered',
  'cc.tool.used',
  'cc.tool.finished',
];

const LEAVING = ['cc.control.sent', 'cc.control.answered', 'cc.worker.exited', 'cc.run.ended'];

/** In the order in which they come, so that none waits for what is past. */
function atTheEnd(random: Random, types: readonly string[]): Fault[] {
  return types
    .filter(() => random.chance(0.6))
    .map((type) => hit(random, 'supervisor', { at: 'event', type, ms: random.between(0, 40) }));
}

export function some<T>(random: Random, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: random.between(least, most) }, make);
}
