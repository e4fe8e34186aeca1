import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson, stringAt } from '../../src/core/json.ts';
import { isFinal, type RunState } from '../../src/core/vocabulary.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { runIds } from '../../src/runs/run-ids.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { Lab, REPOSITORY } from '../support/lab.ts';
import { Random } from '../support/random.ts';
import type { Scene } from './plan.ts';
import { RawKeeper } from './raw-keeper.ts';
import { SkewedClock } from './skewed-clock.ts';
import { SmallDisk } from './small-disk.ts';
import { type Story, tellStory } from './story.ts';

/** Where one scene is played: a lab of its own with the story, a clock to move and a disk to fill. */
export class Stage {
  readonly lab: Lab;
  readonly story: Story;
  readonly clock: SkewedClock | undefined;
  readonly disk: SmallDisk | undefined = undefined;
  readonly openedAt = performance.now();
  #keeper: RawKeeper | undefined;

  private constructor(lab: Lab, { seed, theme, readOnly, smallDisk }: Scene) {
    this.lab = lab;
    this.story = tellStory(lab, new Random(seed + 1), readOnly);
    lab.model.addScript(this.story.script);
    if (theme === 'clock') {
      this.clock = new SkewedClock(lab.dir);
      lab.env.NODE_OPTIONS = this.clock.nodeArguments.join(' ');
    }
    if (smallDisk === undefined) return;
    const directory = { workspace: lab.path('.agent-workspace'), home: lab.host().home.root };
    mkdirSync(directory[smallDisk]);
    this.disk = new SmallDisk(directory[smallDisk]);
  }

  static async open(scene: Scene): Promise<Stage> {
    return new Stage(await Lab.open([]), scene);
  }

  /** The library in this process, as a face that lives long. */
  get host(): Host {
    if (this.clock === undefined) return this.lab.host();
    const args = [...this.clock.nodeArguments, join(REPOSITORY, 'dist/supervisor.js')];
    return this.lab.host({
      clock: this.clock.clock,
      supervisor: { file: process.execPath, args },
    });
  }

  /** Every run that was recorded; a launcher that was killed may leave a directory without a record. */
  async recordedRuns(): Promise<FoundRun[]> {
    const ids = await runIds(this.lab.place().workspace);
    const found = await Promise.all(ids.map((id) => this.lab.find(id).catch(() => undefined)));
    return found.filter((run) => run !== undefined);
  }

  /** From here on nothing the workers of this run say is lost. */
  keep(run: FoundRun): void {
    this.#keeper = new RawKeeper(this.privateDir(run), join(this.lab.host().home.root, 'kept'));
    this.lab.runs.push(run.record.run_id);
  }

  get rawStreams() {
    return this.#keeper?.streams() ?? [];
  }

  /** What workers said and the product should have removed by the end. */
  rawLeft(run: FoundRun): string[] {
    return readdirSync(this.privateDir(run)).filter((name) => /^std(out|err)-/.test(name));
  }

  privateDir(run: FoundRun): string {
    return privateRunPaths(this.lab.host().home, run.record.run_id).dir;
  }

  /** Closes the stage; the directory stays for whoever wants to look into it. */
  async close({ keep }: { keep: boolean }): Promise<void> {
    this.#keeper?.close();
    this.disk?.free();
    if (!keep) this.disk?.close();
    await this.lab.close({ keep });
  }
}

/** Reads the record without looking at the run the way a face does, which would recover it. */
export function peek(run: FoundRun): RunRecord | undefined {
  try {
    const value = parseJson(readFileSync(run.paths.metadata, 'utf8'));
    return stringAt(value, 'state') === undefined ? undefined : (value as RunRecord);
  } catch {
    return undefined;
  }
}

export function isOver(run: FoundRun): boolean {
  const state = peek(run)?.state as RunState | undefined;
  return state !== undefined && isFinal(state);
}
