import { CcError } from '../core/errors.ts';
import type { Api, Usage } from './script.ts';
import type { SideKind } from './side-requests.ts';

/** One request the server saw. Fields of the answer fill in while it is being given. */
export type RecordedRequest = {
  /** 1 for the first request of this server. */
  seq: number;
  time: Date;
  method: string;
  /** Without the query. */
  path: string;
  query: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The credential that came with it, however it was sent. */
  token: string | undefined;
  /** Parsed JSON, or the raw text when it is not JSON. */
  body: unknown;
  /** Size of the request body in bytes. */
  bytes: number;
  api: Api | undefined;
  /** `model`: a scripted model call. `side`: the client's own business. `other`: everything else. */
  kind: 'model' | 'side' | 'count_tokens' | 'models' | 'other';
  side: SideKind | undefined;
  conversation: string | undefined;
  /** Name of the script that answered, or would have. */
  script: string | undefined;
  step: number | undefined;
  /** 1 for the first request for this step of this conversation, 2 for its first retry, … */
  attempt: number | undefined;
  /** HTTP status sent, once headers were sent. */
  status: number | undefined;
  /** Name of the hold it reached. */
  hold: string | undefined;
  /** What went wrong on purpose (a fault's kind), or why it could not be answered. */
  fault: string | undefined;
  /** `held` while it waits at a hold; `aborted`: the client hung up first. */
  state: 'received' | 'held' | 'complete' | 'broken' | 'aborted';
  /** Bytes of answer body written so far. */
  sentBytes: number;
  /** Declared usage; set when the whole answer was sent. */
  usage: Usage | undefined;
};

export class Recorder {
  readonly #requests: RecordedRequest[] = [];
  readonly #watchers = new Set<() => void>();

  get all(): readonly RecordedRequest[] {
    return this.#requests;
  }

  add(request: Omit<RecordedRequest, 'seq'>): RecordedRequest {
    const recorded = { ...request, seq: this.#requests.length + 1 };
    this.#requests.push(recorded);
    return recorded;
  }

  /** Changes a record and wakes whoever waits for something like it. */
  update(request: RecordedRequest, change: Partial<RecordedRequest>): void {
    Object.assign(request, change);
    for (const look of [...this.#watchers]) look();
  }

  /** Earlier requests for the same step of the same conversation. */
  attemptsBefore(conversation: string, step: number): number {
    return this.#requests.filter(
      (one) => one.kind === 'model' && one.conversation === conversation && one.step === step,
    ).length;
  }

  waitFor(
    predicate: (request: RecordedRequest) => boolean,
    timeoutMs: number,
  ): Promise<RecordedRequest> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = () => {
        const found = this.#requests.find(predicate);
        if (found !== undefined) done(() => resolve(found));
      };
      const timer = setTimeout(() => done(() => reject(this.#nothing(timeoutMs))), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  #nothing(timeoutMs: number): CcError {
    const seen = this.#requests.map(
      (one) => `${one.method} ${one.path} ${one.script ?? '-'}/${one.step ?? '-'} ${one.state}`,
    );
    return new CcError('TIMED_OUT', `No such request within ${timeoutMs} ms.`, {
      details: { seen },
    });
  }
}
