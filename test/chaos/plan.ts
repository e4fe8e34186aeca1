import { Random } from './random.ts';

/** Whom a fault hits. `launcher` is just starting the run, `stopper` is a command that stops it. */
export type Target = 'supervisor' | 'worker' | 'server' | 'cli' | 'launcher' | 'stopper';

/** When a fault happens. Every moment ends at the latest when the run does. */
export type Moment =
  /** So long after the previous fault. */
  | { at: 'time'; ms: number }
  /** So long after the next event of this type was written. */
  | { at: 'event'; type: string; ms: number }
  /** A supervisor is coming up and nobody owns the run. */
  | { at: 'before_owner'; ms: number }
  /** A worker was started and its start is not journaled. */
  | { at: 'before_journal'; ms: number }
  /** A request to stop was dropped and not taken yet. */
  | { at: 'stop_pending'; ms: number }
  /** The owner was killed and its successor is coming up. */
  | { at: 'take_over'; ms: number };

export type Fault =
  | { what: 'kill'; target: Target; when: Moment }
  /** Without `thawMs` it stays frozen until somebody else ends it. */
  | { what: 'freeze'; target: Target; when: Moment; thawMs?: number }
  /** The disk is full for so long. */
  | { what: 'disk'; when: Moment; forMs: number }
  /** The wall clock of our processes jumps. */
  | { what: 'clock'; when: Moment; byMs: number }
  /** The owner is killed, and several recover the run at once. */
  | { what: 'recoveries'; when: Moment; count: number };

/** Something the controller tells the worker, so long after it told it the one before. */
export type Instruction = { afterMs: number; when: 'next_step' | 'after_turn' };

export type Launcher = 'library' | 'cli' | 'server';

/** One run and what is done to it; a function of the seed alone. */
export type Scene = {
  seed: number;
  theme: Theme;
  launcher: Launcher;
  /** Faces that wait for the run, and so recover it, until the last fault. */
  followers: readonly ('server' | 'cli')[];
  readOnly: boolean;
  /** Which disk is small enough to be filled. */
  smallDisk: 'workspace' | 'home' | undefined;
  wallSeconds: number;
  /** Who does the one recovery after the last fault. */
  recovery: 'library' | 'cli' | 'server' | 'two_at_once';
  faults: readonly Fault[];
  instructions: readonly Instruction[];
};

export const THEMES = [
  'launch',
  'start',
  'question',
  'settle',
  'stop',
  'take_over',
  'worker',
  'faces',
  'anything',
  'clock',
  'disk',
  'recoveries',
  'steer',
] as const;
export type Theme = (typeof THEMES)[number];

/** A budget nobody reaches, and one that ends a worker that stays frozen. */
const AMPLE_SECONDS = 90;
const TIGHT_SECONDS = 12;

/** The n-th scene of a series. */
export function planScene(seed: number, index: number): Scene {
  const random = new Random(seed * 7919 + index);
  const theme = THEMES[index % THEMES.length] ?? 'anything';
  const faults = FAULTS[theme](random);
  const neverThaws = faults.some(
    (fault) => fault.what === 'freeze' && fault.target === 'worker' && fault.thawMs === undefined,
  );
  return {
    seed: seed * 7919 + index,
    theme,
    launcher: theme === 'launch' ? random.pick(['cli', 'server']) : random.pick(LAUNCHERS),
    followers:
      theme === 'faces' ? ['server', 'cli'] : random.pick([['server'], ['cli'], ['server', 'cli']]),
    readOnly: random.chance(0.25),
    smallDisk: theme === 'disk' ? random.pick(['workspace', 'home']) : undefined,
    wallSeconds: neverThaws ? TIGHT_SECONDS : AMPLE_SECONDS,
    recovery:
      theme === 'recoveries'
        ? 'two_at_once'
        : random.pick(['library', 'cli', 'server', 'two_at_once']),
    faults,
    instructions: theme === 'steer' ? some(random, 1, 4, () => instruction(random)) : [],
  };
}

const LAUNCHERS: readonly [Launcher, ...Launcher[]] = ['library', 'library', 'cli', 'server'];

const FAULTS: Record<Theme, (random: Random) => Fault[]> = {
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

function instruction(random: Random): Instruction {
  return { afterMs: random.between(100, 1800), when: random.pick(['next_step', 'after_turn']) };
}

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

function some<T>(random: Random, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: random.between(least, most) }, make);
}
