/** What a worker is told that goes on with a task another one could not finish. */
export type MovedTask = {
  /** Word for word, as the first worker got it. */
  brief: string;
  /** Instructions of the controller since, oldest first. */
  told: readonly string[];
  /** Why each earlier worker ended, oldest first. */
  endings: readonly string[];
  /** What the record shows of their work. */
  notes: string;
  /** What the working tree holds of it; undefined for a task that changes nothing. */
  changes: string | undefined;
};

export function movedPrompt({ brief, told, endings, notes, changes }: MovedTask): string {
  const said = told.map((text) => `The controller said meanwhile:\n\n${text}`);
  return [
    brief,
    ...said,
    `# Where this task stands

Another worker began it and was cut off by its model service (${endings.join('; then ')}). You go on in its place. Do not begin again: check what is there, then do what is missing.`,
    `## What it did (from the record; its own words prove nothing)\n\n${notes || 'Nothing is recorded.'}`,
    ...(changes === undefined
      ? []
      : [`## What it changed; this is in the files now\n\n${changes}`]),
  ].join('\n\n');
}
