import type { ChangedFiles } from '../runs/artifacts/changed-files.ts';
import type { Change } from './operate.ts';
import type { RollbackPlan } from './rollback-plan.ts';

const PATHS_SHOWN = 20;

export type ChangeView = {
  /** Files that get other content, permissions or a link. */
  written: number;
  /** Files that go. */
  removed: number;
  folders: number;
  /** `+` comes, `-` goes, `~` changes. */
  paths: string[];
};

/** A change in a few lines. */
export function changeView({
  steps,
  folders,
  purge,
}: Omit<Change, 'root' | 'object_format' | 'outside'>): ChangeView {
  const paths = [
    ...purge.map((path) => `- ${path}/`),
    ...steps.map(({ path, before, target }) => {
      const sign = target === null ? '-' : before === null ? '+' : '~';
      return `${sign} ${path}`;
    }),
  ];
  return {
    written: steps.filter(({ target }) => target !== null).length,
    removed: steps.filter(({ target }) => target === null).length + purge.length,
    folders: folders.filter(({ before, target }) => before !== target).length,
    paths: paths.slice(0, PATHS_SHOWN),
  };
}

/** A list that is only told of when there is something in it. */
export function named(name: string, list: readonly string[]): Record<string, string[]> {
  if (list.length === 0) return {};
  const shown = list.slice(0, PATHS_SHOWN);
  const more = list.length - shown.length;
  return { [name]: more === 0 ? shown : [...shown, `… ${more} more`] };
}

/** What to do about commits, which stay where they are. */
export function commitsNote(
  { head }: Pick<ChangedFiles, 'head'>,
  { moved }: Pick<RollbackPlan, 'moved'>,
  refs: boolean,
): string | undefined {
  if (!moved || refs) return undefined;
  const from = head?.from;
  const count = head?.commits.length ?? 0;
  if (head === undefined || count === 0 || from === null || from === undefined) {
    return 'The run moved branches or HEAD; they stay. To take them back as well: refs: true.';
  }
  const commits = count === 1 ? 'a commit' : `${count}${head.more ? '+' : ''} commits`;
  return `The run made ${commits}, which stay: git reset ${from.slice(0, 12)} (or refs: true) takes them back, git revert ${from.slice(0, 12)}..${head.to?.slice(0, 12)} undoes them where they were published.`;
}
