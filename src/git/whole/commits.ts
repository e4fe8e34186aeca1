import { redact } from '../../core/redact.ts';
import { neutralise, oneLine } from '../../core/text.ts';
import type { SourceEnvironment } from '../environment.ts';
import { openGit } from '../git.ts';

export type NewCommits = {
  from: string | null;
  to: string | null;
  /** Latest first, at most 50; those that `from` does not lead to. */
  commits: { id: string; subject: string }[];
  more?: true;
};

const COMMITS_KEPT = 50;
const SUBJECT_CHARS = 120;
const OUTPUT_BYTES = 1 << 20;

/** The commits that came between two heads of one repository; undefined where the head did not move. */
export async function newCommits(
  root: string,
  from: string | null,
  to: string | null,
  { env, signal }: { env?: SourceEnvironment; signal?: AbortSignal } = {},
): Promise<NewCommits | undefined> {
  if (from === to) return undefined;
  if (to === null) return { from, to, commits: [] };
  const git = await openGit(root, env === undefined ? {} : { env });
  const { stdout } = await git.run(
    [
      'log',
      '-z',
      '--no-color',
      '--format=%H%x09%s',
      `--max-count=${COMMITS_KEPT + 1}`,
      to,
      ...(from === null ? [] : [`^${from}`]),
      '--',
    ],
    {
      maxBytes: OUTPUT_BYTES,
      cutAtLimit: true,
      // The worker may have thrown away what the head was.
      okCodes: [0, 128],
      ...(signal === undefined ? {} : { signal }),
    },
  );
  const commits = stdout
    .toString('utf8')
    .split('\0')
    .map((record) => /^([0-9a-f]{40,64})\t(.*)$/s.exec(record))
    .flatMap((match) =>
      match === null
        ? []
        : [
            {
              id: match[1] ?? '',
              subject: redact(oneLine(neutralise(match[2] ?? ''), SUBJECT_CHARS)),
            },
          ],
    );
  const more = commits.length > COMMITS_KEPT;
  return { from, to, commits: commits.slice(0, COMMITS_KEPT), ...(more ? { more } : {}) };
}
