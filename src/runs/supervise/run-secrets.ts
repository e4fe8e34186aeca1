import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lazy } from '../../core/lazy.ts';
import { createRedactor, type Redactor } from '../../core/redact.ts';
import { locateCcSwitch } from '../../profiles/ccswitch/locate.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import type { ProfileHost } from '../../profiles/profile.ts';
import { type DetectOptions, type Hit, knownHit } from '../../secrets/detect.ts';
import { KnownSecrets } from '../../secrets/known.ts';
import { noteOf, type SecretNote } from '../../secrets/note.ts';
import type { Host } from '../../workspace/host.ts';
import type { RunRecord } from '../record.ts';
import { fingerprintKey, KEY_BYTES } from '../secrets/key.ts';
import type { Scanner } from '../secrets/scan-changes.ts';

const loadRules = /* @__PURE__ */ lazy(() => import('../../secrets/maintained.ts'));
const loadProfiles = /* @__PURE__ */ lazy(() => import('../../profiles/resolve-credentials.ts'));

/**
 * What a supervisor knows about secrets. The run's own are known from the start; the maintained rules
 * and the secrets of other profiles, which a worker may find in the files they are in, are there once
 * `prepare` is done: before anything of the worker is recorded, while it starts.
 */
export class RunSecrets {
  /** For everything that is recorded. */
  readonly redact: Redactor;
  /** For source code and names of files: hides what somebody would have to worry about. */
  readonly redactSource: Redactor;
  readonly scanner: Scanner;
  /** Of the run's own credential, which is hidden in the worker's lines before they are read. */
  readonly own: SecretNote | undefined;
  readonly #host: Host;
  #prepared: Promise<void> | undefined;
  #maintained: DetectOptions['more'];

  private constructor(host: Host, own: readonly string[], key: Buffer) {
    const known = new KnownSecrets(own);
    const more = (text: string) => this.#maintained?.(text) ?? [];
    this.#host = host;
    this.redact = createRedactor(known, { more });
    this.redactSource = createRedactor(known, { more, source: true });
    this.scanner = { key, known, more, env: host.env };
    const [first] = own;
    this.own = first === undefined ? undefined : noteOf(knownHit(first), key);
  }

  static async open(host: Host, own: readonly string[]): Promise<RunSecrets> {
    // A run is worth more than fingerprints that can be compared with those of other runs.
    const key = await fingerprintKey(host.home).catch(() => randomBytes(KEY_BYTES));
    return new RunSecrets(host, own, key);
  }

  readonly note = (hit: Hit): SecretNote => noteOf(hit, this.scanner.key);

  prepare(): Promise<void> {
    this.#prepared ??= this.#load();
    return this.#prepared;
  }

  async #load(): Promise<void> {
    this.#maintained = (await loadRules()).findMaintained;
    const profiles = profileHostOf(this.#host);
    if (!hasSources(profiles)) return;
    const { knownSecrets } = await loadProfiles();
    // A broken configuration of somebody else's profile is not this run's trouble.
    const others = await knownSecrets(profiles).catch(() => []);
    this.scanner.known.add(others);
  }
}

/** The credentials among what a worker is given. */
export function secretsOf(
  record: Pick<RunRecord, 'worker'>,
  workerEnv: Readonly<Record<string, string>>,
): string[] {
  return record.worker.secret_env.flatMap((name) => workerEnv[name] ?? []);
}

/** Files with secrets of other profiles; the variables with them are not passed on to a supervisor. */
function hasSources(profiles: ProfileHost): boolean {
  return existsSync(profiles.profilesFile ?? '') || locateCcSwitch(profiles) !== undefined;
}
