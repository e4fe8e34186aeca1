import { INVARIANTS, type Invariant } from './invariants.ts';
import type { Played } from './scene.ts';

export type Report = {
  seed: number;
  injected: number;
  missed: number;
  scenes: Played[];
  /** Faults this machine cannot produce, and why. */
  skipped: string[];
  ms: number;
};

export function isClean(report: Report): boolean {
  return report.scenes.every(({ breaches, error }) => breaches.length === 0 && error === undefined);
}

/** What was done, what became of the runs, and what did not hold. */
export function shown(report: Report): string {
  const { scenes } = report;
  const faults = scenes.flatMap(({ injected }) => injected);
  const broken = (invariant: Invariant) =>
    scenes.filter(({ breaches }) => breaches.some((breach) => breach.invariant === invariant));
  const total = (what: keyof Played['counts']) =>
    scenes.reduce((sum, { counts }) => sum + counts[what], 0);
  const lines = [
    '',
    `${report.injected} faults in ${scenes.length} runs, ${Math.round(report.ms / 1000)} s, seed ${report.seed} (${report.missed} planned faults came too late)`,
    `${total('lines')} lines of workers, ${total('modelCalls')} model calls, ${total('instructions')} instructions`,
    '',
    ...columns('fault', counted(faults.map(({ what }) => what))),
    '',
    ...columns('at', counted(faults.map(({ at }) => at))),
    '',
    ...columns('runs that ended as', counted(scenes.map(({ state }) => state))),
    '',
    ...Object.entries(INVARIANTS).map(([key, text]) => {
      const runs = broken(key as Invariant).length;
      return `${runs === 0 ? 'held  ' : 'BROKEN'}  ${text}${runs === 0 ? '' : ` (not in ${runs} runs)`}`;
    }),
    '',
    ...report.skipped.map((text) => `Skipped: ${text}.`),
    ...scenes.flatMap(brokenScene),
    isClean(report)
      ? 'Everything held.'
      : `Something did NOT hold; again with --seed ${report.seed}.`,
    '',
  ];
  return lines.join('\n');
}

/** One line per scene while it runs, so that a long series is not silent. */
export function progressLine({ scene, injected, state, breaches, error }: Played): string {
  const trouble = error === undefined ? breaches.map(({ invariant }) => invariant) : ['error'];
  const faults = injected.map(({ what, at, ms }) => `${what}@${at}+${ms}`).join(', ');
  return `${scene.theme.padEnd(10)} ${state.padEnd(13)} ${trouble.join(',').toUpperCase()} ${faults}\n`;
}

function brokenScene({ scene, breaches, error, folder }: Played): string[] {
  if (breaches.length === 0 && error === undefined) return [];
  return [
    `Scene ${scene.seed} (${scene.theme}), kept in ${folder}:`,
    ...breaches.map(({ invariant, detail }) => `  ${INVARIANTS[invariant]}: ${detail}`),
    ...(error === undefined ? [] : [`  the suite itself: ${error}`]),
  ];
}

function counted(words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

function columns(head: string, rows: readonly (readonly [string, number])[]): string[] {
  const width = Math.max(head.length, ...rows.map(([name]) => name.length));
  return [
    head,
    ...rows.map(([name, count]) => `${name.padEnd(width)}  ${String(count).padStart(4)}`),
  ];
}
