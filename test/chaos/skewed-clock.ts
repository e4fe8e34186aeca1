import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { REPOSITORY } from '../support/lab.ts';

/** A wall clock that can be moved under our processes while they run, and theirs alone. */
export class SkewedClock {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = join(directory, 'clock-offset');
    this.jump(0);
  }

  /** Moves it to this far from the true time. */
  jump(offsetMs: number): void {
    writeFileSync(this.#file, String(offsetMs));
  }

  /** For a face or a supervisor, as arguments of node. */
  get nodeArguments(): string[] {
    const shift = pathToFileURL(join(REPOSITORY, 'test/chaos/clock-shift.mjs'));
    shift.searchParams.set('offset', pathToFileURL(this.#file).href);
    return ['--import', shift.href];
  }

  /** For the library in this process. */
  get clock(): Clock {
    return {
      now: () => new Date(Date.now() + Number(readFileSync(this.#file, 'utf8'))),
      monotonic: systemClock.monotonic,
    };
  }
}
