import { readFile } from 'node:fs/promises';
import { arrayAt, objectAt, parseJson } from '../../core/json.ts';
import { type ClaimInput, claimInput } from '../../runs/claims-schema.ts';
import type { FoundRun } from '../../runs/find.ts';
import { readJson } from '../../store/atomic.ts';

export type Reported = ClaimInput & { from: 'schema' | 'block' | 'prose'; quote?: string };

const CLAIMS_KEPT = 50;
const BLOCK = /```claims\s*\n([\s\S]*?)\n\s*```/g;

/** The final answer of a run, whole. */
export async function finalAnswer({ paths }: FoundRun): Promise<string> {
  return readFile(paths.stdout, 'utf8').catch(() => '');
}

/** Claims in a form of their own: of the structured answer, else of the last fenced block. */
export async function reportedClaims(run: FoundRun, answer: string): Promise<Reported[]> {
  const output = await readJson(run.paths.output).catch(() => undefined);
  const structured = claimsIn(objectAt(output, 'output'));
  if (structured.length > 0) return structured.map((claim) => ({ ...claim, from: 'schema' }));
  const block = [...answer.matchAll(BLOCK)].at(-1)?.[1];
  const value = block === undefined ? undefined : parseJson(block);
  const listed = Array.isArray(value) ? { claims: value } : value;
  return claimsIn(listed).map((claim) => ({ ...claim, from: 'block' }));
}

/** What is not a claim is dropped: it proves nothing, and contradicts nothing. */
function claimsIn(value: unknown): ClaimInput[] {
  return arrayAt(value, 'claims')
    .slice(0, CLAIMS_KEPT)
    .flatMap((item) => claimInput.safeParse(item).data ?? []);
}

/** The answer without its fenced blocks: quoted output is not what the worker says. */
export function proseOf(answer: string): string {
  return answer.replace(/```[\s\S]*?(?:```|$)/g, '\n');
}
