/** What a worker writes when a step went well; an item is about what is still to be done. */
const PASSING: readonly RegExp[] = [
  /\b(tests?|checks?|builds?|lint(er|ing)?|types?|suite|pipeline|ci|verification|gates?)\b[^.]*\b(pass(es|ed|ing)?|succeed(s|ed)?|green|clean)\b(?!\s+only)/i,
  /\b(pass(es|ed|ing)|succeeded)\b[^.]*\b(tests?|checks?|builds?|suite)\b/i,
  /\bno (issues?|problems?|errors?|findings?|failures?|regressions?)( were| was)?( found| left| remain(s|ing)?)?\s*\.?$/i,
  /^(successfully|done|completed?|finished|verified|confirmed|implemented|fixed|added|updated)\b/i,
  /\b(works as (expected|intended|designed)|looks good|lgtm|all good|up to date)\b/i,
];
/** A word that turns it into its opposite. */
const NEGATED =
  /\b(not|never|no longer|cannot|can't|doesn't|don't|isn't|aren't|fails?|failed|failing|without|missing|unless|flaky|should|must|todo)\b/i;

/** Whether a title tells of something that is well, and so is nothing to keep open. */
export function tellsOfSuccess(title: string): boolean {
  const isNothingFound = PASSING[2]?.test(title) ?? false;
  if (NEGATED.test(title) && !isNothingFound) return false;
  return PASSING.some((pattern) => pattern.test(title));
}
