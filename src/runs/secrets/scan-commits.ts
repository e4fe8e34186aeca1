import { openGit } from '../../git/git.ts';
import { detect } from '../../secrets/detect.ts';
import { noteOf } from '../../secrets/note.ts';
import type { SecretFinding } from './findings.ts';
import type { Scanner } from './scan-changes.ts';

const MAX_BYTES = 32 << 20;
const TIMEOUT_MS = 120_000;
const SHORT_ID = 12;

/**
 * Messages and added lines of the commits since `base` (all there are without it): what was committed
 * and taken out again still is in the repository, and is pushed with it.
 */
export async function scanCommits(
  root: string,
  base: string | null,
  scanner: Scanner,
): Promise<{ findings: SecretFinding[]; cut: boolean }> {
  const git = await openGit(root, scanner.env === undefined ? {} : { env: scanner.env });
  const head = await git.text(['rev-parse', '--verify', '--quiet', 'HEAD'], { okCodes: [0, 1] });
  if (head === '' || head === base) return { findings: [], cut: false };
  const log = await git.run(
    [
      'log',
      '--format=%x00%H%n%an <%ae>%n%B%x00',
      '--patch',
      '--unified=0',
      '--no-color',
      '--no-renames',
      '--src-prefix=a/',
      '--dst-prefix=b/',
      head,
      ...(base === null ? [] : [`^${base}`]),
    ],
    { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, cutAtLimit: true },
  );
  const parts = log.stdout.toString('utf8').split('\0').slice(1);
  const findings: SecretFinding[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const message = parts[at] ?? '';
    const commit = message.slice(0, SHORT_ID);
    findings.push(...scanText(message, { commit }, scanner));
    for (const [path, text] of addedTexts(parts[at + 1] ?? '')) {
      findings.push(...scanText(text, { commit, path }, scanner));
    }
  }
  return { findings, cut: log.cut };
}

function scanText(
  text: string,
  where: { commit: string; path?: string },
  { key, known, more }: Scanner,
): SecretFinding[] {
  const hits = detect(text, { known, more, ...where });
  return hits.map((hit) => ({ ...noteOf(hit, key), where: { kind: 'diff', ...where } }));
}

/** The added lines of each file of a patch. */
function addedTexts(patch: string): Map<string, string> {
  const lines = new Map<string, string[]>();
  let path = '';
  let inHunk = false;
  for (const line of patch.split('\n')) {
    if (line.startsWith('diff --git ')) inHunk = false;
    else if (line.startsWith('@@')) inHunk = true;
    else if (!inHunk && line.startsWith('+++ ')) path = line.slice('+++ b/'.length);
    else if (inHunk && line.startsWith('+')) {
      lines.set(path, [...(lines.get(path) ?? []), line.slice(1)]);
    }
  }
  return new Map([...lines].map(([name, added]) => [name, added.join('\n')]));
}
