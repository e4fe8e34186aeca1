import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { FifoWriter, makeFifo, openFifoForChild } from '../../proc/fifo.ts';
import { isAlive, type ProcessIdentity } from '../../proc/identity.ts';
import { enclosed, type Sandbox } from '../../proc/sandbox.ts';
import type { SandboxView } from '../../proc/sandbox-view.ts';
import { type ExitFacts, startWorker } from '../../proc/spawn.ts';
import { withWallGuard } from '../../proc/wall-guard.ts';
import { PRIVATE_FILE } from '../../store/atomic.ts';
import { type Line, LineReader } from '../../store/lines.ts';
import type { ControlLine } from '../../workers/claude/control.ts';
import type { privateRunPaths } from '../../workspace/home.ts';

type PrivatePaths = ReturnType<typeof privateRunPaths>;

/** What a worker is enclosed in, and what it sees there. */
export type Enclosure = { sandbox: Exclude<Sandbox, { kind: 'none' }>; view: SandboxView };

/** How the worker went. An adopted worker is not our child, so its exit code cannot be known. */
export type LinkExit = ExitFacts & { adopted: boolean };

/**
 * The two ends of a worker: its stdout, a file read from a known offset, and its stdin, a fifo (a
 * pipe on Windows). Because neither belongs to the supervisor, a successor can open the same two.
 */
export class WorkerLink {
  readonly identity: ProcessIdentity;
  readonly adopted: boolean;
  readonly #stdoutPath: string;
  readonly #reader: LineReader;
  readonly #write: (line: ControlLine) => Promise<void>;
  readonly #closeInput: () => void;
  #exit: LinkExit | undefined;
  /** Its exit code will never be known: it is not our child, or not any more. */
  #isOrphan: boolean;
  #closed = false;
  #pending: readonly Line[] = [];

  private constructor(options: {
    identity: ProcessIdentity;
    adopted: boolean;
    stdoutPath: string;
    offset: number;
    write: (line: ControlLine) => Promise<void>;
    closeInput: () => void;
  }) {
    this.identity = options.identity;
    this.adopted = options.adopted;
    this.#isOrphan = options.adopted;
    this.#stdoutPath = options.stdoutPath;
    this.#reader = new LineReader(options.stdoutPath, options.offset);
    this.#write = options.write;
    this.#closeInput = options.closeInput;
  }

  /** Starts attempt `attempt`. `onExit` is called once, after the process has gone. */
  static async start(options: {
    file: string;
    args: readonly string[];
    cwd: string;
    env: Readonly<Record<string, string>>;
    paths: PrivatePaths;
    attempt: number;
    /** After this time the worker ends even if nobody supervises it. */
    guardSeconds: number;
    cookie: { name: string; value: string };
    enclosure: Enclosure | undefined;
    onExit: () => void;
  }): Promise<WorkerLink> {
    const { paths, attempt, enclosure } = options;
    const fifo = process.platform === 'win32' ? undefined : paths.stdin(attempt);
    for (const leftover of [paths.stdout(attempt), paths.stderr(attempt), paths.stdin(attempt)]) {
      rmSync(leftover, { force: true });
    }
    if (fifo !== undefined) await makeFifo(fifo, options.env);
    const descriptors = [
      openSync(paths.stdout(attempt), 'a', PRIVATE_FILE),
      openSync(paths.stderr(attempt), 'a', PRIVATE_FILE),
      ...(fifo === undefined ? [] : [openFifoForChild(fifo)]),
    ];
    try {
      const [stdout = 1, stderr = 2, stdin] = descriptors;
      const inner =
        enclosure === undefined ? options : enclosed(options, enclosure.sandbox, enclosure.view);
      const command = withWallGuard(inner, options.guardSeconds, options.cookie);
      const told = enclosure?.sandbox.kind === 'bubblewrap';
      const started = await startWorker(command.file, command.args, {
        cwd: options.cwd,
        env: options.env,
        stdin: stdin ?? 'pipe',
        stdout,
        stderr,
        told,
      });
      const input = fifo === undefined ? pipeInput(started.stdin) : fifoInput(fifo);
      const link = new WorkerLink({
        identity: started.identity,
        adopted: false,
        stdoutPath: paths.stdout(attempt),
        offset: 0,
        ...input,
      });
      void started.exited.then((exit) => {
        // Somebody killed what encloses the worker; of the worker itself, if it lives, nobody learns more.
        if (told && (exit.signal !== null || isAlive(started.identity))) link.#isOrphan = true;
        else link.#exit = { ...(told ? ofTheWorker(exit) : exit), adopted: false };
        options.onExit();
      });
      return link;
    } finally {
      for (const descriptor of descriptors) closeSync(descriptor);
    }
  }

  /** Takes over a living worker (or the remains of a dead one) of an earlier supervisor. */
  static adopt(options: {
    identity: ProcessIdentity;
    paths: PrivatePaths;
    attempt: number;
    offset: number;
  }): WorkerLink {
    return new WorkerLink({
      identity: options.identity,
      adopted: true,
      stdoutPath: options.paths.stdout(options.attempt),
      offset: options.offset,
      ...fifoInput(options.paths.stdin(options.attempt)),
    });
  }

  /** The next complete lines of its stdout; the same ones again until they are consumed. */
  peekLines(): readonly Line[] {
    if (this.#pending.length === 0) this.#pending = this.#reader.read();
    return this.#pending;
  }

  consume(): void {
    this.#pending = [];
  }

  /** Bytes after the last complete line: what a killed worker had begun to say. */
  get unfinishedBytes(): number {
    return this.#reader.unfinishedBytes;
  }

  /** One earlier line again, for a question that was read but never answered. */
  readLineAt([start, end]: readonly [number, number]): Buffer {
    const fd = openSync(this.#stdoutPath, 'r');
    try {
      const bytes = Buffer.alloc(end - start - 1);
      readSync(fd, bytes, 0, bytes.length, start);
      return bytes;
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Says a line, now if there is room. Not awaited: a frozen worker reads nothing, and the supervisor
   * must stay awake to notice that. A line that never arrives shows in what the worker does not answer.
   */
  send(line: ControlLine): void {
    this.#write(line).catch(() => undefined);
  }

  /** How it exited, or undefined while it lives. */
  exit(): LinkExit | undefined {
    if (this.#isOrphan && this.#exit === undefined && !isAlive(this.identity)) {
      this.#exit = { code: null, signal: null, adopted: true };
    }
    return this.#exit;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeInput();
    this.#reader.close();
  }
}

/** Signals that end a worker without leave, as bubblewrap hands them on; 143 is its own code. */
const FATAL = new Map<number, NodeJS.Signals>([
  [128 + 6, 'SIGABRT'],
  [128 + 9, 'SIGKILL'],
  [128 + 11, 'SIGSEGV'],
]);

/** Of its child's end bubblewrap tells a number only, as a shell does. */
function ofTheWorker(exit: ExitFacts): ExitFacts {
  const signal = exit.code === null ? undefined : FATAL.get(exit.code);
  return signal === undefined ? exit : { code: null, signal };
}

type Input = { write: (line: ControlLine) => Promise<void>; closeInput: () => void };

function fifoInput(path: string): Input {
  const writer = new FifoWriter(path);
  return { write: (line) => writer.writeLine(line), closeInput: () => writer.close() };
}

function pipeInput(stream: NodeJS.WritableStream | undefined): Input {
  if (stream === undefined) throw new Error('the worker has no stdin');
  // It may go at any moment; its exit is what we act on, not the broken pipe.
  stream.on('error', () => undefined);
  return {
    write: (line) =>
      new Promise((resolve) => {
        stream.write(`${JSON.stringify(line)}\n`, () => resolve());
      }),
    closeInput: () => stream.end(),
  };
}
