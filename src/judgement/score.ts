/** What is known of the work of a run. Undefined or null is unknown, and counts for nothing. */
export type ScoreInputs = {
  verdict: 'accept' | 'investigate' | 'reject' | null;
  /** How it ended; undefined where that says nothing about the model. */
  ended: 'well' | 'by_the_model' | undefined;
  claims: { total: number; contradicted: number };
  /** Changed files outside of its scope; undefined where nobody compared. */
  outside: number | undefined;
  /** Runs that went on with its task because it was not done. */
  rework: number;
  /** Open items about it that are not closed as done or not to be done. */
  items: { blockers: number; others: number } | undefined;
  /** Of the controller, 0 to 100. */
  rating: number | null;
};

export type ScorePart = { name: string; value: number; weight: number };
export type Score = {
  /** 0 to 100; null: neither a verdict nor a rating. */
  score: number | null;
  parts: ScorePart[];
  /** Names of what is not known. */
  unknown: string[];
};

/** What a verdict is worth, and what the share of a rating beside it is. */
const WORTH = { accept: 1, investigate: 0.5, reject: 0 } as const;
const RATING_SHARE = 0.3;
const ITEM_COST = { blocker: 0.5, other: 0.1 } as const;
/** A rejected run may have done much right; it is no good run. */
const REJECTED_MOST = 40;

/**
 * 0 to 100 for the work of a run (docs/judgement.md has the formula): the weighted mean of the parts that
 * are known. Without a verdict only a rating counts, for ended well says nothing about the work.
 */
export function scoreOf(inputs: ScoreInputs): Score {
  const { verdict, rating } = inputs;
  const all = partsOf(inputs);
  const parts = all.flatMap(({ name, value, weight }) =>
    value === undefined ? [] : [{ name, value: Math.round(value * 100) / 100, weight }],
  );
  const unknown = all.flatMap(({ name, value }) => (value === undefined ? [name] : []));
  if (rating === null) unknown.push('rating');
  const computed = verdict === null ? null : meanOf(parts);
  const limited =
    computed !== null && verdict === 'reject' ? Math.min(REJECTED_MOST, computed) : computed;
  return { score: withRating(limited, rating), parts, unknown };
}

function partsOf({ verdict, ended, claims, outside, rework, items }: ScoreInputs) {
  return [
    { name: 'verdict', weight: 40, value: verdict === null ? undefined : WORTH[verdict] },
    {
      name: 'ended',
      weight: 15,
      value: ended === undefined ? undefined : ended === 'well' ? 1 : 0,
    },
    {
      name: 'claims',
      weight: 15,
      value: claims.total === 0 ? undefined : claims.contradicted === 0 ? 1 : 0,
    },
    { name: 'scope', weight: 10, value: outside === undefined ? undefined : outside === 0 ? 1 : 0 },
    { name: 'rework', weight: 10, value: Math.max(0, 1 - rework / 2) },
    {
      name: 'items',
      weight: 10,
      value:
        items &&
        Math.max(0, 1 - items.blockers * ITEM_COST.blocker - items.others * ITEM_COST.other),
    },
  ];
}

function meanOf(parts: readonly ScorePart[]): number | null {
  const weight = parts.reduce((sum, part) => sum + part.weight, 0);
  if (weight === 0) return null;
  return (100 * parts.reduce((sum, part) => sum + part.value * part.weight, 0)) / weight;
}

function withRating(computed: number | null, rating: number | null): number | null {
  if (computed === null) return rating;
  if (rating === null) return Math.round(computed);
  return Math.round(computed * (1 - RATING_SHARE) + rating * RATING_SHARE);
}
