import * as z from 'zod';
import type { UserHome } from '../workspace/home.ts';
import { type EvidenceLog, readEvidence } from './evidence-log.ts';

const side = z.object({
  run_id: z.string(),
  profile: z.string(),
  model: z.string().nullable(),
  state: z.string(),
  failure: z.string(),
  tokens: z.number(),
  usd: z.number().nullable(),
  elapsed_ms: z.number(),
  /** Characters of the answer. */
  chars: z.number(),
});
export type ShadowSide = z.infer<typeof side>;

/** A candidate beside the run whose task it repeated. `agreement: null`: nothing could be compared. */
export const shadowLine = z.object({
  time: z.string(),
  role: z.string(),
  original: side,
  shadow: side,
  /** 0 to 1: how much of the original's answer the candidate's one shares. It is not a measure of truth. */
  agreement: z.number().min(0).max(1).nullable(),
  /** `output`: field by field; `citations`: files and lines they name. */
  compared: z.enum(['output', 'citations', 'nothing']),
  details: z.array(z.string()),
});
export type ShadowLine = z.infer<typeof shadowLine>;

export const SHADOW_LOG: EvidenceLog<typeof shadowLine> = {
  name: 'shadow',
  line: shadowLine,
  runOf: (line) => line.shadow.run_id,
};

/** What shadow runs say about one model at one profile. */
export type ShadowScore = {
  profile: string;
  model: string;
  /** Mean of what could be compared; null where nothing could. */
  agreement: number | null;
  /** Shadow runs, and those of them that could be compared. */
  n: number;
  compared: number;
  latest: string;
};

export async function shadowScores(home: UserHome): Promise<ShadowScore[]> {
  const groups = new Map<string, ShadowLine[]>();
  for (const line of readEvidence(home, SHADOW_LOG)) {
    const key = JSON.stringify([line.shadow.profile, line.shadow.model]);
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()].map((lines) => {
    const values = lines.flatMap(({ agreement }) => agreement ?? []);
    const [first] = lines;
    return {
      profile: first?.shadow.profile ?? '',
      model: first?.shadow.model ?? '',
      agreement: values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length,
      n: lines.length,
      compared: values.length,
      latest:
        lines
          .map(({ time }) => time)
          .sort()
          .at(-1) ?? '',
    };
  });
}
