import { Random } from '../support/random.ts';
import { FAULTS, some } from './themes.ts';

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
export const AMPLE_SECONDS = 300;
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

function instruction(random: Random): Instruction {
  return { afterMs: random.between(100, 1800), when: random.pick(['next_step', 'after_turn']) };
}
