import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';
import { sleep, systemClock } from '../../src/core/clock.ts';
import { isAlive, type ProcessIdentity } from '../../src/proc/identity.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { topLease } from '../../src/store/lease.ts';
import { ensureWorkflowSupervised } from '../../src/workflows/instances/ensure.ts';
import { findWorkflow } from '../../src/workflows/instances/find.ts';
import { type JournalLine, readJournal } from '../../src/workflows/instances/journal.ts';
import { launchWorkflow, type WorkflowRequest } from '../../src/workflows/instances/launch.ts';
import { readWorkflow, type WorkflowNow } from '../../src/workflows/instances/read.ts';
import { writeWorkflowRecord } from '../../src/workflows/instances/record.ts';
import { WORKFLOW_COOKIE } from '../../src/workflows/instances/start-supervisor.ts';
import { loadWorkflow, type ReadFile } from '../../src/workflows/load.ts';
import { isOver } from '../../src/workflows/vocabulary.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { type Place, resolvePlace } from '../../src/workspace/resolve.ts';
import { LEAVING_MS, PATIENCE_MS, until } from './patience.ts';
import { removeTree } from './remove-tree.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The supervisors as they are in the sources now. Call it at the top of a test file. */
export async function buildSupervisors(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'cc-supervisors-'));
  afterAll(() => removeTree(directory));
  await build({
    entryPoints: {
      supervisor: join(ROOT, 'src/supervisor/main.ts'),
      command: join(ROOT, 'src/supervisor/command.ts'),
      'workflow-supervisor': join(ROOT, 'src/supervisor/workflow.ts'),
    },
    outdir: directory,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outExtension: { '.js': '.js' },
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'error',
  });
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  return join(directory, 'supervisor.js');
}

type Wanted = Partial<Omit<WorkflowRequest, 'plan'>>;

/** A scratch project in which workflows run with mock workers and real supervisors. */
export class FlowLab {
  readonly dir = mkdtempSync(join(tmpdir(), 'cc-flow-'));
  readonly project: string;
  readonly host: Host;
  readonly #started: string[] = [];

  /** `nodeArguments`: of the supervisors, before their program. `project`: in place of one of its own. */
  constructor(
    supervisor: string,
    options: { nodeArguments?: readonly string[]; project?: string } = {},
  ) {
    const { nodeArguments = [], project = join(this.dir, 'project') } = options;
    this.project = project;
    const env = {
      HOME: join(this.dir, 'home'),
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      TMPDIR: join(this.dir, 'tmp'),
    };
    for (const path of [this.project, env.HOME, env.TMPDIR]) mkdirSync(path, { recursive: true });
    this.host = {
      env,
      clock: systemClock,
      home: userHome(env),
      supervisor: { file: process.execPath, args: [...nodeArguments, supervisor] },
      readOnly: false,
    };
  }

  get place(): Place {
    return resolvePlace({ cwd: this.project, env: this.host.env, processCwd: '/' });
  }

  async launch(text: string, wanted: Wanted = {}, readFile?: ReadFile): Promise<string> {
    const { plan, problems } = await loadWorkflow('flow.yaml', text, readFile);
    if (plan === undefined) throw new Error(JSON.stringify(problems, null, 1));
    const request = { sources: [text], task: 'the task', mock: true, ...wanted, plan };
    const { record } = await launchWorkflow(this.host, this.place, request);
    this.#started.push(record.workflow_id);
    return record.workflow_id;
  }

  find(id: string | undefined) {
    return findWorkflow(this.host, this.place, id);
  }

  now(id: string): Promise<WorkflowNow> {
    return readWorkflow(this.place.workspace, id);
  }

  async lines(id: string): Promise<JournalLine[]> {
    const { paths } = await this.find(id);
    return readJournal(paths.journal, undefined).lines;
  }

  async supervisor(id: string): Promise<ProcessIdentity | undefined> {
    const top = topLease((await this.find(id)).paths.lease);
    return top === undefined || top.released || !isAlive(top.holder) ? undefined : top.holder;
  }

  /** All of it, also those that do not own it. */
  supervisors(id: string): ProcessIdentity[] {
    return findByCookie(WORKFLOW_COOKIE, id);
  }

  /** Its mock workers answer at once from its next supervisor on; the one there is keeps its pace. */
  async hurry(id: string): Promise<void> {
    const { paths, record } = await this.find(id);
    await writeWorkflowRecord(paths, { ...record, mock_ms: 0 });
  }

  /** Once it is over and its supervisor has left. */
  async over(id: string, timeoutMs = PATIENCE_MS): Promise<WorkflowNow> {
    return this.until(
      async () => {
        const now = await this.now(id);
        await ensureWorkflowSupervised(this.host, now);
        const isDone = isOver(now.instance.state) && now.record.end !== undefined;
        return isDone && this.supervisors(id).length === 0 ? now : undefined;
      },
      `${id} to be over`,
      timeoutMs,
    );
  }

  until<T>(look: () => Promise<T | undefined>, what: string, timeoutMs?: number): Promise<T> {
    return until(look, what, timeoutMs);
  }

  read(path: string): string {
    return readFileSync(path, 'utf8');
  }

  write(name: string, text: string): void {
    const path = join(this.project, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /**
   * Ends what is left; answers the supervisors that were, which a test should find to be none. One
   * that is just leaving may finish that.
   */
  async close(): Promise<ProcessIdentity[]> {
    const all = () => this.#started.flatMap((id) => this.supervisors(id));
    const deadline = performance.now() + LEAVING_MS;
    while (all().length > 0 && performance.now() < deadline) await sleep(20);
    const left = all();
    for (const identity of left) await killProcess(identity);
    await removeTree(this.dir);
    return left;
  }
}
